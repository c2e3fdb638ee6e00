# Shared by up, down, fill and with: where a lab lives, how its template is made, how it starts and stops.
# shellcheck shell=bash

# A failure inside $(…) must end the script as well.
shopt -s inherit_errexit

# The scripts' folder may be read-only, and is to stay clean.
export PYTHONDONTWRITEBYTECODE=1

LAB_SCRIPTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_ROOT=${ADRECOVER_LAB_DIR:-${TMPDIR:-/tmp}/adrecover-lab}

REALM=CONTOSO.TEST
DNS_DOMAIN=contoso.test
DOMAIN=CONTOSO
HOST=dc1
BASE_DN=DC=contoso,DC=test

# What the lab needs of Debian and Ubuntu. samba-ad-dc holds the server where Samba is packaged
# that way (Debian 13, Ubuntu 24.04) and is left out where it would only pull in file services.
PACKAGES=(samba samba-dsdb-modules samba-ad-provision python3-samba ldb-tools tdb-tools ldap-utils openssl krb5-user libfaketime)
PACKAGES_SPLIT=(samba-ad-dc)

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

check_name() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]] || die "bad lab name '$1' (letters, digits, - and _, at most 32)"
  [[ $1 != template-* ]] || die "lab names must not begin with 'template-'"
}

# The Python that Debian's samba module belongs to; a newer one may come first in PATH.
find_python() {
  local candidate
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import samba, ldb' >/dev/null 2>&1; then
      PYTHON=$candidate
      return 0
    fi
  done
  return 1
}

missing_tools() {
  local tool
  for tool in samba ldbsearch tdbbackup ldapsearch openssl kinit; do
    command -v "$tool" >/dev/null 2>&1 || printf '%s ' "$tool"
  done
  # A clock that is wrong for one program, for the tests.
  compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || printf 'libfaketime '
  if ! find_python; then
    printf 'python3-samba '
    return
  fi
  # The schema and the directory modules are packages of their own, which samba only recommends.
  "$PYTHON" - <<'PY'
import os, samba.param as param
if not os.path.isdir(os.path.join(param.setup_dir(), "ad-schema")):
    print("samba-ad-provision")
if not os.path.exists(os.path.join(param.modules_dir(), "ldb", "samldb.so")):
    print("samba-dsdb-modules")
PY
}

install_packages() {
  local missing policy=/usr/sbin/policy-rc.d wrote_policy=
  missing=$(missing_tools)
  [[ -n $missing ]] || return 0
  command -v apt-get >/dev/null 2>&1 || die "missing: $missing; install Samba's AD DC, its Python module, ldb, LDAP and Kerberos tools"
  say "missing: $missing; installing by apt"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # The packages would start a file server on all addresses; nobody asked for one.
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    wrote_policy=1
  fi
  local packages=("${PACKAGES[@]}") status=0
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2 || status=$?
  if ((status == 0)) && ! command -v samba >/dev/null 2>&1; then
    apt-get install -y -qq --no-install-recommends "${PACKAGES_SPLIT[@]}" >&2 || status=$?
  fi
  [[ -z $wrote_policy ]] || rm -f "$policy"
  ((status == 0)) || die "apt could not install ${packages[*]}"
  hash -r
  missing=$(missing_tools)
  [[ -z $missing ]] || die "still missing after the installation: $missing"
}

# The configuration of the instance in folder $1 at address $2. Every path Samba would
# otherwise take from its build is named, so that nothing of an installed Samba is touched.
write_smb_conf() {
  local state=$1 address=$2
  cat >"$state/smb.conf" <<CONF
[global]
	netbios name = ${HOST^^}
	realm = $REALM
	workgroup = $DOMAIN
	server role = active directory domain controller
	# No file service, no RPC, no replication: one DC, reached over LDAP, its ping and Kerberos only.
	server services = ldap, kdc, cldap
	# Not /32: Samba would take it for a broadcast address and listen nowhere.
	interfaces = $address/8
	bind interfaces only = yes

	private dir = $state/private
	lock directory = $state/lock
	state directory = $state/state
	cache directory = $state/cache
	pid directory = $state/run
	binddns dir = $state/bind-dns
	ncalrpc dir = $state/run/ncalrpc
	winbindd socket directory = $state/run/winbindd
	ntp signd socket directory = $state/run/ntp_signd
	usershare path =
	log file = $state/samba.log
	logging = file
	log level = 1
	max log size = 0

	tls enabled = yes
	tls keyfile = $state/tls/key.pem
	tls certfile = $state/tls/cert.pem
	tls cafile = $state/tls/ca.pem

[sysvol]
	path = $state/state/sysvol
	read only = no

[netlogon]
	path = $state/state/sysvol/$DNS_DOMAIN/scripts
	read only = no
CONF
}

make_folders() {
  local folder
  for folder in lock state cache run tls private; do
    mkdir "$1/$folder"
  done
  chmod 0700 "$1/private"
}

# Names the template: everything that decides what is in it.
template_key() {
  {
    samba --version
    printf '%s\n' "$@"
    cat "$LAB_SCRIPTS/provision.py" "$LAB_SCRIPTS/seed.py" "$LAB_SCRIPTS/fill.py" "$LAB_SCRIPTS/labdb.py"
    declare -f make_template write_smb_conf make_folders
  } | sha256sum | cut -c1-16
}

# Makes the domain with the options that follow in folder $1. Options: --recycle-bin, --empty, --fill N, --live N.
make_template() {
  local folder=$1 work=$1.part fill=0 state=deleted parent options=()
  shift
  while (($#)); do
    case $1 in
      --fill) fill=$2; shift ;;
      --live) fill=$2 state=live; shift ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  rm -rf "$folder" "$work"
  if ((fill > 0)); then
    parent=$(template "${options[@]}")
    cp -a --reflink=auto "$parent" "$work"
    write_smb_conf "$work" 127.0.53.1
    say "making $fill $state users (once; kept as a template)"
    "$PYTHON" "$LAB_SCRIPTS/fill.py" "$work" "$state" "$fill" >&2 || die "filling failed"
    # Leaves out the holes: a third of the size, and so of the time that every copy takes.
    local database="$work/private/sam.ldb.d/${BASE_DN^^}.ldb"
    tdbbackup -s .compact "$database"
    mv "$database.compact" "$database"
  else
    mkdir "$work"
    make_folders "$work"
    write_smb_conf "$work" 127.0.53.1
    say "provisioning the domain (once; kept as a template)"
    "$PYTHON" "$LAB_SCRIPTS/provision.py" "$work" >"$work/provision.log" 2>&1 \
      || { cat "$work/provision.log" >&2; die "provisioning failed"; }
    "$PYTHON" "$LAB_SCRIPTS/seed.py" "$work" "${options[@]}" >&2 || die "seeding failed"
  fi
  # Databases were written without waiting for the disk.
  sync -f "$work"
  mv "$work" "$folder"
}

# Prints the folder of the template for the options, made first if need be.
template() {
  local folder
  folder=$LAB_ROOT/template-$(template_key "$@")
  # One `up` makes it; others that want the same one wait.
  (
    flock 8
    [[ -d $folder ]] || make_template "$folder" "$@"
  ) 8>"$folder.lock" >&2
  printf '%s\n' "$folder"
}

address_in_use() {
  local address=$1 other port
  for other in "$LAB_ROOT"/*/address; do
    [[ -e $other && $(<"$other") == "$address" ]] && return 0
  done
  for port in 636 389 88 3268; do
    # Connecting to loopback fails at once where nobody listens.
    if (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; then return 0; fi
  done
  return 1
}

# A loopback address for the name: always the same one unless it is taken.
pick_address() {
  local name=$1 first i address
  first=$(printf '%s' "$name" | cksum | cut -d' ' -f1)
  for ((i = 0; i < 254; i++)); do
    address=127.0.53.$(((first + i) % 254 + 1))
    address_in_use "$address" || { printf '%s\n' "$address"; return; }
  done
  die "no free address in 127.0.53.0/24"
}

# A CA, a server certificate that it signed, and a second CA that signed nothing.
make_certificates() {
  local tls=$1/tls address=$2
  cat >"$tls/openssl.cnf" <<CONF
[req]
distinguished_name = dn
prompt = no
[dn]
CN = placeholder
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$HOST.$DNS_DOMAIN, DNS:localhost, IP:$address
CONF
  (
    umask 077
    local options=(-config "$tls/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -sha256)
    openssl req "${options[@]}" -x509 -extensions ca -subj "/O=Lab/CN=Lab CA" -keyout "$tls/ca-key.pem" -out "$tls/ca.pem"
    openssl req "${options[@]}" -x509 -extensions ca -subj "/O=Lab/CN=Unrelated CA" -keyout "$tls/other-ca-key.pem" -out "$tls/other-ca.pem"
    openssl req -config "$tls/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc \
      -subj "/O=Lab/CN=$HOST.$DNS_DOMAIN" -keyout "$tls/key.pem" -out "$tls/request.pem"
    openssl x509 -req -in "$tls/request.pem" -CA "$tls/ca.pem" -CAkey "$tls/ca-key.pem" -set_serial "0x$(openssl rand -hex 8)" \
      -days 3650 -sha256 -extfile "$tls/openssl.cnf" -extensions server -out "$tls/cert.pem"
  ) 2>"$tls/openssl.log" || { cat "$tls/openssl.log" >&2; die "openssl failed"; }
  rm -f "$tls/request.pem" "$tls/openssl.log"
  chmod 644 "$tls/ca.pem" "$tls/other-ca.pem" "$tls/cert.pem"
}

write_krb5_conf() {
  local state=$1 address=$2
  cat >"$state/krb5.conf" <<CONF
[libdefaults]
	default_realm = $REALM
	dns_lookup_realm = false
	dns_lookup_kdc = false
	# The name given is the name meant: no DNS server knows this realm.
	dns_canonicalize_hostname = false
	rdns = false
	udp_preference_limit = 1
[realms]
	$REALM = {
		kdc = $address
		admin_server = $address
		kpasswd_server = $address
	}
[domain_realm]
	.$DNS_DOMAIN = $REALM
	$DNS_DOMAIN = $REALM
	$address = $REALM
CONF
  printf '%s %s.%s %s\n' "$address" "$HOST" "$DNS_DOMAIN" "$HOST" >"$state/hosts"
}

# One shell assignment a line; values are quoted for any shell.
write_env() {
  local state=$1 name=$2 address=$3 recycle_bin=$4
  local login variable
  {
    assign() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }
    assign ADRECOVER_LAB_SERVER "ldaps://$address"
    assign ADRECOVER_LAB_NAME "$name"
    assign LAB_STATE "$state"
    assign LAB_ADDRESS "$address"
    assign LAB_HOST "$HOST.$DNS_DOMAIN"
    assign LAB_BASE_DN "$BASE_DN"
    assign LAB_REALM "$REALM"
    assign LAB_DOMAIN "$DOMAIN"
    assign LAB_DNS_DOMAIN "$DNS_DOMAIN"
    assign LAB_RECYCLE_BIN "$recycle_bin"
    assign LAB_GC "ldaps://$address:3269"
    assign LAB_CA "$state/tls/ca.pem"
    assign LAB_OTHER_CA "$state/tls/other-ca.pem"
    assign LAB_SEED "$state/seed.json"
    assign LAB_SMB_CONF "$state/smb.conf"
    assign LAB_KRB5_CONF "$state/krb5.conf"
    assign LAB_HOSTS "$state/hosts"
    assign LAB_SAM_LDB "$state/private/sam.ldb"
    assign LAB_LOG "$state/samba.log"
    while read -r login variable; do
      assign "LAB_$variable" "$login@$DNS_DOMAIN"
      assign "LAB_${variable}_PASSWORD_FILE" "$state/secrets/${login,,}"
    done <<'LOGINS'
Administrator ADMIN
joe JOE
operator1 OPERATOR
reader1 READER
agent1 AGENT
LOGINS
  } >"$state/env"
}

# When the process with id $1 began, in ticks since boot: with the id it names one process for good.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The command's name, in parentheses, may hold spaces; the start time is field 22.
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  printf '%s\n' "${20}"
}

# The server's process id, if it runs and is ours. (Samba overwrites its command line, so that cannot tell.)
server_pid() {
  local state=$1 pid began
  [[ -e $state/pid ]] || return 1
  read -r pid began <"$state/pid" || return 1
  [[ $(start_time "$pid") == "$began" ]] || return 1
  printf '%s\n' "$pid"
}

start_server() {
  local state=$1 address=$2 model=$3 i pid fd
  : >"$state/ready"
  (
    # Whoever waits for the end of our output must not wait for the server.
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || eval "exec $fd>&-"
    done
    cd -- "$state" || exit
    # A process group of its own: stopping takes the children along, and a Ctrl-C meant for
    # the tests does not reach the server.
    exec setsid samba --foreground --no-process-group --model="$model" --configfile="$state/smb.conf"
  ) </dev/null >"$state/console.log" 2>&1 &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$state/pid"
  disown "$pid"
  for ((i = 0; i < 300; i++)); do
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n 20 "$state/console.log" "$state/samba.log" >&2
      die "the server ended at once; see $state/samba.log"
    fi
    if (exec 3<>"/dev/tcp/$address/3269" 4<>"/dev/tcp/$address/88") 2>/dev/null \
      && LDAPTLS_CACERT=$state/tls/ca.pem LDAPTLS_REQCERT=demand \
        ldapsearch -x -LLL -o nettimeout=2 -H "ldaps://$address" -s base -b '' dnsHostName >"$state/ready" 2>&1; then
      return 0
    fi
    sleep 0.1
  done
  cat "$state/ready" >&2
  stop_server "$state"
  die "the server does not answer on ldaps://$address; see $state/samba.log"
}

stop_server() {
  local state=$1 pid i
  if pid=$(server_pid "$state"); then
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
      kill -0 -- "-$pid" 2>/dev/null || break
      ((i != 50)) || kill -KILL -- "-$pid" 2>/dev/null || true
      sleep 0.1
    done
  fi
  rm -f "$state/pid"
}

# The folder of all labs. Its name can be guessed, so it must be ours and not a link.
open_lab_root() {
  mkdir -p "$LAB_ROOT"
  [[ -O $LAB_ROOT && ! -L $LAB_ROOT ]] || die "$LAB_ROOT is not ours; set ADRECOVER_LAB_DIR"
  LAB_ROOT=$(cd -- "$LAB_ROOT" && pwd)
  # Socket paths below it must fit into 108 bytes.
  ((${#LAB_ROOT} <= 50)) || die "$LAB_ROOT is too long a path for sockets; set ADRECOVER_LAB_DIR"
}

# One script at a time makes or removes the lab of name $1, until the script ends.
lock_name() {
  exec 7>"$LAB_ROOT/.$1.lock"
  flock -n 7 || die "another script is at work on '$1'"
}

# Only one of several `up` at a time chooses an address and takes a name.
lock_labs() {
  exec 9>"$LAB_ROOT/lock"
  flock 9
}

unlock_labs() { exec 9>&-; }

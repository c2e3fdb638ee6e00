#!/usr/bin/env python3
"""Writes the seeds of the corpus: what servers send and people write, in its usual shapes and at their edges.

Inputs that once made a target fail are files of their own (`found-*`), which this leaves alone.
"""

import gzip
import io
import json
import pathlib
import struct
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent
GUID = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"
GUID_WIRE = bytes.fromhex("aea0453cc5eb0d49a4b44b20d3e34a3f")
SID = "S-1-5-21-1004336348-1177238915-682003330"
MARK = "\\0ADEL:"


def write(target, **seeds):
    folder = ROOT / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in seeds.items():
        octets = value.encode() if isinstance(value, str) else value
        (folder / name.replace("_", "-")).write_bytes(octets)


# BER


def tlv(tag, *parts):
    body = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def text(value):
    return tlv(4, value)


def message(number, op, *parts, controls=None):
    more = [] if controls is None else [tlv(0xA0, *controls)]
    return tlv(0x30, tlv(2, number.to_bytes(max(1, number.bit_length() // 8 + 1), "big")), tlv(op, *parts), *more)


def entry(number, dn, **attributes):
    def one(name, values):
        return tlv(0x30, text(name.replace("_", "-")), tlv(0x31, *map(text, values)))

    return message(number, 0x64, text(dn), tlv(0x30, *(one(n, v) for n, v in attributes.items())))


def ranged(number, dn, name, values):
    return message(number, 0x64, text(dn), tlv(0x30, tlv(0x30, text(name), tlv(0x31, *map(text, values)))))


def result(number, op, code, diagnostic="", *more, controls=None):
    return message(number, op, tlv(10, bytes([code])), text(""), text(diagnostic), *more, controls=controls)


def page(number, cookie):
    value = tlv(0x30, tlv(2, b"\0"), text(cookie))
    return result(number, 0x65, 0, controls=[tlv(0x30, text("1.2.840.113556.1.4.319"), text(value))])


# Security


def sid(string):
    _, _, authority, *sub = string.split("-")
    return bytes([1, len(sub)]) + int(authority).to_bytes(6, "big") + b"".join(struct.pack("<I", int(s)) for s in sub)


def ace(kind, flags, access, who, *guids, present=0):
    body = struct.pack("<I", access)
    if kind in (5, 6, 11, 12):
        body += struct.pack("<I", present) + b"".join(guids)
    body += sid(who)
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def descriptor(aces, owner=SID + "-512", control=0x8004):
    acl = struct.pack("<BBHHH", 4, 0, 8 + sum(map(len, aces)), len(aces), 0) + b"".join(aces)
    owned = sid(owner)
    head = struct.pack("<BBHIIII", 1, 0, control, 20, 20, 0, 20 + len(owned))
    return head + owned + acl


def metadata(*stamps):
    out = struct.pack("<IIII", 1, 0, len(stamps), 0)
    for attribute, version, seconds in stamps:
        out += struct.pack("<IIQ", attribute, version, seconds) + b"\7" * 16 + struct.pack("<QQ", 99, 4336)
    return out


STAMPS = metadata((3, 1, 13437990000), (0x20030, 1, 13437999000), (0x90290, 2, 13437999000))
DELETED = f"CN=UserA{MARK}{GUID},CN=Deleted Objects,DC=contoso,DC=com"
ALLOW = ace(0, 2, 0x20094, "S-1-5-11")
RESET = ace(5, 0, 0x100, SID + "-1104", bytes.fromhex("70952900" "6d24d011a76800aa006e0529"), present=1)

TOMBSTONE = dict(
    objectClass=["top", "person", "organizationalPerson", "user"],
    objectGUID=[GUID_WIRE],
    objectSid=[sid(SID + "-1103")],
    sAMAccountName=["UserA"],
    userAccountControl=["514"],
    lastKnownParent=["OU=OnPremises,DC=contoso,DC=com"],
    isDeleted=["TRUE"],
    isRecycled=["TRUE"],
    replPropertyMetaData=[STAMPS],
)
ROOT_DSE = dict(
    defaultNamingContext=["DC=contoso,DC=com"],
    namingContexts=["DC=contoso,DC=com", "CN=Configuration,DC=contoso,DC=com"],
    supportedControl=["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.417"],
    highestCommittedUSN=["4336"],
    currentTime=["20261122120000.0Z"],
    isGlobalCatalogReady=["TRUE"],
    lDAPAdminLimits=["MaxPageSize=250", "MaxValRange=1500", "rubbish"],
    vendorName=["Samba Team (https://www.samba.org)"],
    dnsHostName=["dc1.contoso.com"],
)
UPN_TAKEN = (
    "000021C8: AtrErr: DSID-03200BBA, #1:\n\t0: 000021C8: DSID-03200BBA, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, "
    "Att 90290 (userPrincipalName)"
)
BIND = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {}, v1db1\0"


def replies():
    write(
        "reply",
        tombstone=entry(2, DELETED.replace("\\0A", "\n").replace("\n", "\\0A"), **TOMBSTONE),
        bin_object=entry(3, DELETED, **(TOMBSTONE | {"msDS_LastKnownRDN": ["UserA"], "isRecycled": []})),
        root_dse=entry(1, "", **ROOT_DSE),
        range=ranged(5, "CN=Big,DC=x", "member;range=0-1499", ["CN=a,DC=x", "CN=b,DC=x"]),
        range_end=ranged(5, "CN=Big,DC=x", "member;Range=1500-*", ["CN=c,DC=x"]),
        octets=entry(6, "CN=\u00fc,DC=x", cn=[b"\xff\0", b""], member=[]),
        done=result(7, 0x65, 0, "fine"),
        page=page(8, b"cookie"),
        last_page=page(8, b""),
        reference=message(9, 0x73, text("ldap://other.contoso.com/DC=x")),
        referral=result(10, 0x65, 10, "0000202B: RefErr", tlv(0xA3, text("ldap://other.contoso.com"))),
        taken=result(11, 0x67, 19, UPN_TAKEN),
        no_right=result(12, 0x67, 50, "00002098: SecErr: DSID-03150F93, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0"),
        bind=result(1, 0x61, 49, BIND.format("52e")),
        locked=result(1, 0x61, 49, BIND.format("775"), tlv(0x87, b"")),
        not_utf8=result(13, 0x65, 80, b"\xfc\xff text"),
        start_tls=result(1, 0x78, 0, "", tlv(0x8A, "1.3.6.1.4.1.1466.20037")),
        notice=result(0, 0x78, 52, "bye", tlv(0x8A, "1.3.6.1.4.1.1466.20036")),
        intermediate=message(14, 0x79, tlv(0x80, "1.2.3"), tlv(0x81, "x")),
        critical=result(15, 0x65, 0, controls=[tlv(0x30, text("1.2.3"), tlv(1, b"\xff"), text("v"))]),
        long_length=b"\x30\x84\0\0\0\x0c\2\1\1\x65\7\n\1\0\4\0\4\0",
    )


def dir_sync(number, more, cookie, code=0):
    value = tlv(0x30, tlv(2, bytes([more])), tlv(2, b"\0"), text(cookie))
    return result(number, 0x65, code, controls=[tlv(0x30, text("1.2.840.113556.1.4.841"), text(value))])


def changes():
    extended = f"<GUID={GUID}>;<SID={SID}-1103>;"
    link = f"{extended}CN=UserA,OU=OnPremises,DC=contoso,DC=com"

    def change(dn, **attributes):
        def one(name, values):
            return tlv(0x30, text(name), tlv(0x31, *map(text, values)))

        names = {name.replace("__", ";").replace("_is_", "=").replace("_", "-"): v for name, v in attributes.items()}
        return message(2, 0x64, text(dn), tlv(0x30, *(one(n, v) for n, v in names.items())))

    write(
        "change",
        deletion=change(extended + DELETED, **(TOMBSTONE | {"mail": [], "unicodePwd": [], "parentGUID": [GUID_WIRE]})),
        links=change(f"<GUID={GUID}>;CN=Big,DC=x", objectGUID=[GUID_WIRE], member__range_is_1_1=[link, link]),
        removed=change(f"<GUID={GUID}>;CN=Big,DC=x", objectGUID=[GUID_WIRE], member__range_is_0_0=[link]),
        key=change("CN=a,DC=x", objectGUID=[GUID_WIRE], keyLink__range_is_1_1=[f"B:8:00ff00ff:{link}"]),
        found=change(link, objectGUID=[GUID_WIRE], uSNChanged=["4336"], whenChanged=["20261122120000.0Z"], cn=["a"]),
        unseen=change("", objectGUID=[GUID_WIRE]),
        nobody=change("CN=a", cn=["a"]),
        more=dir_sync(3, 1, b"MSDS\3\0\0\0"),
        end=dir_sync(3, 0, b"MSDS\3\0\0\0"),
        refused=dir_sync(3, 0, b"", 12),
        no_value=result(3, 0x65, 0, controls=[tlv(0x30, text("1.2.840.113556.1.4.841"))]),
        bad_value=result(3, 0x65, 0, controls=[tlv(0x30, text("1.2.840.113556.1.4.841"), text(tlv(0x30, text(b"x"))))]),
    )
    cursor = {"version": 1, "context": GUID, "invocation": GUID, "usn": 4336}
    cookie = {"by": "dirSync", "cookie": "TVNEUwMAAAA=", "ownRights": False, "full": {"at": "usn", "from": 7}}
    write(
        "link_value",
        extended=link,
        binary=f"B:8:00ff00ff:{link}",
        text=f"S:3:a:b:{link}",
        sid_octets="<GUID=aea0453cc5eb0d49a4b44b20d3e34a3f>;<SID=0105000000000005>;CN=a",
        plain="CN=a\\<b\\>,DC=x",
        wrong_length=f"B:99:00:{link}",
        metadata="<pszAttributeName>member</pszAttributeName><pszObjectDn>CN=a &amp; b,DC=x</pszObjectDn>"
        "<ftimeDeleted>1601-01-01T00:00:00Z</ftimeDeleted><dwVersion>3</dwVersion>"
        "<ftimeLastOriginatingChange>2026-11-01T09:30:00Z</ftimeLastOriginatingChange>"
        f"<uuidLastOriginatingDsaInvocationID>{GUID}</uuidLastOriginatingDsaInvocationID>"
        "<usnOriginatingChange>4711</usnOriginatingChange><usnLocalChange>815</usnLocalChange>\n\0",
        cursor=json.dumps(cursor | {"position": cookie}),
        numbers=json.dumps(cursor | {"position": {"by": "usn", "after": 7, "full": None}}),
        newer=json.dumps(cursor | {"version": 2, "position": cookie}),
    )


# The message id of the first search: those below are of the client.
FIRST = 0x40000000


def streams():
    done = result(FIRST, 0x65, 0)
    modified, bound = result(2, 0x67, 0), result(4, 0x61, 49, BIND.format("533"))
    two = entry(FIRST, "CN=a,DC=x", cn=["a"]) + entry(FIRST, "CN=b,DC=x", objectGUID=[GUID_WIRE])
    write(
        "framer",
        search=two + done,
        several=entry(FIRST, "CN=a,DC=x", cn=["a"]) + modified + bound + done,
        abandoned=entry(FIRST + 2, "CN=a,DC=x", cn=["a"]) + done + result(FIRST + 2, 0x65, 0),
        not_open=done + done,
        another_reply=result(FIRST, 0x67, 0),
        not_utf8=result(FIRST, 0x65, 80, b"\xfc\xff text") + modified,
        not_utf8_for_the_client=result(2, 0x67, 53, b"\xfc\xff text") + done,
        entry_for_the_client=entry(2, "CN=a,DC=x", cn=["a"]),
        notice=result(0, 0x78, 52, "bye", tlv(0x8A, "1.3.6.1.4.1.1466.20036")),
        intermediate=message(3, 0x79, tlv(0x80, "1.2.3")) + result(3, 0x78, 0),
        too_long=b"\x30\x84\x7f\xff\xff\xff\2\1\1",
        cut=two[:-3],
        http="HTTP/1.1 400 Bad Request\r\n\r\n",
        ssh="SSH-2.0-OpenSSH_9.2\r\n",
        tls_alert=b"\x15\3\1\0\2\2\x28",
        indefinite=b"\x30\x80\2\1\1\0\0",
    )
    big = ranged(FIRST, "CN=Big,DC=x", "member;range=0-1", ["CN=a", "CN=b"]) + page(FIRST, b"")
    write(
        "search",
        none=done,
        two=two + done,
        pages=two + page(FIRST, b"one") + entry(FIRST + 1, "CN=c,DC=x", cn=["c"]) + page(FIRST + 1, b""),
        same_page=two + page(FIRST, b"one") + entry(FIRST + 1, "CN=a,DC=x") + page(FIRST + 1, b"one"),
        empty_pages=page(FIRST, b"one") + page(FIRST + 1, b"one") + page(FIRST + 2, b"one") + page(FIRST + 3, b"one"),
        range=ranged(FIRST, "CN=Big,DC=x", "member;range=0-1", ["CN=a", "CN=b"])
        + done
        + ranged(FIRST + 1, "CN=Big,DC=x", "member;range=2-*", ["CN=c"])
        + result(FIRST + 1, 0x65, 0),
        range_again=big + ranged(FIRST + 1, "CN=Big,DC=x", "member;range=0-1", ["CN=a"]) + result(FIRST + 1, 0x65, 0),
        reference=message(FIRST, 0x73, text("ldap://other.contoso.com/DC=x")) + done,
        refused=two + result(FIRST, 0x65, 11, "0000217B: adminLimit"),
        no_object=result(FIRST, 0x65, 32, "0000208D: NameErr"),
        referral=result(FIRST, 0x65, 10, "", tlv(0xA3, text("ldap://other"))),
        notice=two + result(0, 0x78, 52, "shutting down", tlv(0x8A, "1.3.6.1.4.1.1466.20036")),
        notice_of_ad=tlv(0x30, tlv(2, b"\0"), tlv(0x78, tlv(10, b"\x34"), text(""), text("x")), tlv(0x8A, "1.3.6.1.4.1.1466.20036")),
        cut=two,
        garbage="HTTP/1.1 400 Bad Request\r\n\r\n",
    )
    write(
        "starttls",
        accepted=result(1, 0x78, 0, "", tlv(0x8A, "1.3.6.1.4.1.1466.20037")),
        refused=result(1, 0x78, 52, "00000000: LdapErr: DSID-0C09, comment: Error initializing SSL/TLS\0"),
        not_utf8=result(1, 0x78, 1, b"\xff\x1b[31m"),
        behind=result(1, 0x78, 0) + b"x",
        other_id=result(2, 0x78, 0),
        other_reply=result(1, 0x65, 0),
        notice=result(0, 0x78, 52, "bye"),
        cut=result(1, 0x78, 0)[:-2],
        empty=b"",
        http="HTTP/1.1 400 Bad Request\r\n\r\n",
    )


def names():
    write(
        "dn",
        user="CN=UserA,OU=OnPremises,DC=contoso,DC=com",
        deleted=DELETED,
        twice=f"CN=x{MARK}{GUID}{MARK}{GUID},DC=x",
        only_a_mark=f"CN={MARK}{GUID},CN=Deleted Objects,DC=x",
        mangled_value=f"UserA\nDEL:{GUID}",
        escapes="CN=P05\\, Jr \\+ \\\"x\\\" #1,OU=Staff,DC=x",
        hexadecimal="CN=\\C3\\BC\\ ,DC=x",
        quoted='CN="a, b" ,DC=x',
        spaces="cn=\\ \\#a \\ , ou = Sales ;DC=x",
        several="CN=a+UID=b,DC=x\nuid=B+cn=A,dc=x",
        case="CN=M\u00dcLLER \u03a3\u03a3,DC=x\ncn=m\u00fcller \u03c3\u03c2,dc=X",
        below="OU=XCORP,DC=x\nOU=CORP,DC=x",
        number="OID.2.5.4.3=a,2.5.4.11=b",
        cut="CN=a\\",
        empty="",
        not_utf8=b"CN=\xfc,DC=x",
    )
    write(
        "guid",
        text=GUID,
        upper=GUID.upper(),
        braces="{" + GUID + "}",
        plain=GUID.replace("-", ""),
        dn=f"<GUID={GUID}>",
        urn="urn:uuid:" + GUID,
        wire=GUID_WIRE,
        short=GUID[:20],
        long=GUID * 5,
    )
    write(
        "sid",
        wire=sid(SID + "-1103"),
        builtin=sid("S-1-5-32-544"),
        everyone=sid("S-1-1-0"),
        none=sid("S-1-5"),
        full=sid("S-1-5" + "-4294967295" * 15),
        too_many=sid("S-1-5" + "-1" * 16),
        more=sid("S-1-5-11") + b"\0",
        text=SID + "-512",
        lower="s-1-5-18",
        largest="S-1-281474976710655-4294967295",
        beyond="S-1-281474976710656-1",
        no_sub="S-1-5",
    )
    write(
        "server_url",
        ldaps="ldaps://dc1.contoso.com",
        ldap="LDAP://dc1:1389/",
        bare="dc1.contoso.com",
        port="dc1:3269",
        six="ldaps://[::1]:3636",
        six_long="ldap://[2001:db8::5]",
        no_brackets="ldaps://::1",
        open_bracket="ldaps://[::1",
        password="ldaps://admin:hunter2secret@dc1",
        slash_in_password="ldaps://admin:p/hunter2secret@dc1",
        password_before_scheme="admin:hunter2secret@x://dc1",
        scheme="http://dc1",
        path="ldaps://dc1/DC=x",
        zero="ldaps://dc1:0",
        control="ldaps://dc\x1b[31m1",
        empty="",
    )


def values():
    write(
        "time",
        generalized="20261101093000.0Z",
        no_fraction="20261101093000Z",
        leap="20161231235960.0Z",
        year_zero="00000101000000.0Z",
        day="2026-11-01",
        minute="2026-11-01 09:30",
        rfc3339="2026-11-01T09:30:00+02:00",
        before_all="0000-01-01T00:00:00+01:00",
        beyond="+12026-11-01T00:00:00",
        age="7d",
        weeks="999999999w",
        long_ago="2000000d",
        never="9223372036854775807",
        filetime="134064774000000000",
        days="180",
        huge_days="4000000",
        uac="-2147483136",
        dstime=struct.pack("<Q", 13437999000),
        far_dstime=struct.pack("<Q", 400_000_000_000),
        all_ones=b"\xff" * 8,
    )
    write(
        "printable",
        plain="J\u00fcrgen, \u65e5\u672c",
        colour="a\x1b[31mb\n\u202ec",
        c1="\u009b31m\u0085",
        marks="\u061c\u200e\u200f\u2066x\u2069\ufeff",
        lines="a\u2028b\u2029c\r\n\t",
        octets=b"\xff\xd8\xff\xe0\0\x10JFIF",
        base64="/9j/4AAQSkZJRg==",
        unpadded="/9j/4AAQSkZJRg",
    )
    write(
        "win32",
        taken=UPN_TAKEN,
        no_right="00002098: SecErr: DSID-03150F93, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\0",
        bind=BIND.format("52e"),
        locked=BIND.format("775"),
        binding="80090346: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 80090346, v4563",
        samba="Entry CN=x already exists",
        wide="\u00e9" * 8 + ":",
        brackets="Att )(",
        sign="+0000001: x",
    )
    write("metadata", tombstone=STAMPS, none=metadata(), huge=metadata((1, 1, 2**64 - 1)), far=metadata((0x20030, 3, 400_000_000_000)), cut=STAMPS[:-1], newer=b"\2" + STAMPS[1:], twice=metadata((0x20030, 1, 5), (0x20030, 2, 6)))
    testdata = ROOT.parents[1] / "crates/core/src/security/testdata"
    real = {f.stem: bytes.fromhex("".join(f.read_text().split())) for f in sorted(testdata.glob("*.hex"))}
    denied = ace(1, 0, 0x10, SID + "-1105")
    callback = ace(9, 0, 0x10, "S-1-5-11") + b"artx\0\0\0\0"
    callback = callback[:2] + struct.pack("<H", len(callback)) + callback[4:]
    write(
        "descriptor",
        small=descriptor([ALLOW]),
        object_entries=descriptor([RESET, ace(5, 10, 0x20, SID + "-1104", GUID_WIRE, GUID_WIRE, present=3)]),
        denied=descriptor([denied, ALLOW]),
        conditional=descriptor([callback, denied]),
        owner_rights=descriptor([ace(0, 0, 0x10000, "S-1-3-4")], owner=SID + "-1104"),
        generic=descriptor([ace(0, 0, 0xF0000000, "S-1-1-0")]),
        no_list=descriptor([])[:20].replace(struct.pack("<I", 48), b"\0\0\0\0") + sid(SID + "-512"),
        empty_list=descriptor([]),
        not_present=descriptor([ALLOW], control=0x8000),
        unknown_entry=descriptor([struct.pack("<BBH", 17, 0, 4), ALLOW]),
        sid_without_subs=descriptor([ALLOW], owner="S-1-5"),
        cut=descriptor([ALLOW, RESET])[:-5],
        **real,
    )
    hexed = {"objectGUID": GUID_WIRE, "objectSid": sid(SID + "-1103"), "replPropertyMetaData": STAMPS}

    def lines(dn, more="", **change):
        both = {n: [f"0x{hexed[n].hex()}"] if n in hexed else v for n, v in (TOMBSTONE | change).items()}
        return dn + "\n" + "".join(f"{n}={v}\n" for n, vs in both.items() for v in vs) + more

    write(
        "deleted",
        tombstone=lines(DELETED),
        bin=lines(DELETED, "userPrincipalName=usera@contoso.com\nmsDS-LastKnownRDN=UserA The Long\n", isRecycled=[]),
        ou=lines(DELETED.replace("CN=UserA", "OU=Sales"), objectClass=["top", "organizationalUnit"]),
        krbtgt=lines(DELETED, sAMAccountName=["krbtgt_123"]),
        controller=lines(DELETED, userAccountControl=["532480"], objectClass=["top", "user", "computer"]),
        only_a_mark=lines(f"CN={MARK}{GUID},DC=x"),
        long_lifetime=lines(DELETED, "tombstoneLifetime=4000000\n"),
        no_guid=DELETED + "\ncn=a\n",
        sid_without_subs=lines(DELETED).replace(sid(SID + "-1103").hex(), sid("S-1-5").hex()),
        far=lines(DELETED).replace(STAMPS.hex(), metadata((0x20030, 3, 400_000_000_000)).hex()),
    )
    write(
        "shown_values",
        user="cn=UserA\nwhenCreated=20261101093000.0Z\npwdLastSet=0\naccountExpires=9223372036854775807\n"
        "lastLogon=134064774000000000\nuserAccountControl=66050\ndescription=a\x1b[31mb\u202ec\n",
        guid=b"objectGUID=" + GUID_WIRE + b"\nmS-DS-ConsistencyGuid=\1\2",
        sid=b"objectSid=" + sid(SID + "-1103") + b"\nsIDHistory=\1\0",
        photo=b"jpegPhoto=\xff\xd8\xff\xe0" + bytes(range(11, 60)),
        formulas='info==1+1\ntitle=+1\nmail=@SUM(A1)\ncomment=-2"a,b"\n=x\n-a=b',
        far="lastLogon=9223372036854775806\nlastLogoff=-1\nlockoutTime=99999999999999999999",
        wide="displayName=" + "\u65e5\u672c" * 40,
        left_out="nTSecurityDescriptor=x\nREPLPROPERTYMETADATA=y",
        claims="info=base64:????\ntitle=base64:/9g=",
    )
    write(
        "filter",
        item="(cn=a*)",
        bare="cn=a*",
        nested=" (&(objectClass=user)(!(cn=b))(|(mail=*)(sn>=c))) ",
        extensible="(memberOf:1.2.840.113556.1.4.1941:=CN=x,DC=y)",
        escaped="(cn=a\\2a\\28b\\29\\5cc\\00)",
        octets=b"a*(b)\\c\0\xff",
        unclosed="(&(cn=a)(mail=b)",
        follows="(cn=a)(b=c)",
        closes="(cn=a))",
        no_value="(|(cn=\u00e9)(=x))",
        injected="cn=a)(objectClass=*",
        deep="(!" * 120 + "(a=b)" + ")" * 120,
        wide="(|" + "(a=b)" * 60 + ")",
    )


def files():
    write("ca_file", pem=PEM, two=PEM + PEM, cut=PEM[:80], key=PEM.replace("CERTIFICATE", "PRIVATE KEY"), der=b"\x30\3\1\2\3", der_head=bytes.fromhex("3082010130"), empty=b"", text="nothing", bad_base64="-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n")
    write("password_file", plain="Pa55word!", line="Pa55word!\r\n", two="a\n\n", bom=b"\xef\xbb\xbfa", little="\ufeffa\u00fc\r\n".encode("utf-16-le"), big="\ufeffa\u00fc\n".encode("utf-16-be"), odd=b"\xff\xfea", surrogate=b"\xff\xfe\0\xd8", latin=b"\xfc", empty=b"", astral="\ufeff\U0001f512".encode("utf-16-le"), two_marks="\ufeff\ufeffa")
    write(
        "set_args",
        several="title=CEO\nproxyAddresses=SMTP:a@x\nPROXYADDRESSES=smtp:b@x\ninfo=\n",
        secret="unicodePwd=x",
        option="userPrincipalName=x",
        system="objectSid=x",
        not_a_name="1.2.840.113556.1.4.8=x\n",
        attribute_option="description;x=y",
        cleared_and_set="info=\ninfo=x",
        equals="description=a=b=c",
        octets="description=a\x1bb\u202e",
        no_equals="title",
    )
    json_list = json.dumps({"schema": "adrecover/list/v1", "items": [{"guid": GUID, "name": "UserA"}]})
    write(
        "guid_list",
        lines=f"# all\n\n{GUID} # UserA\n{{{GUID}}}\n",
        braces="{" + GUID + "}",
        list=json_list,
        lines_of_json=f'{{"guid":"{GUID}"}}\n{{"guid":"{GUID}"}}\n',
        other='{"schema":"adrecover/show/v1","items":[]}',
        wide=("\ufeff" + GUID).encode("utf-16-le"),
        bom="\ufeff" + GUID,
        deep='{"a":' * 40 + "1" + "}" * 40,
        bad="nonsense",
        empty="",
        no_items='{"schema":"adrecover/list/v1","items":[]}',
    )
    write(
        "groups_csv",
        header='samAccountName,groupDN\nusera,"CN=Sales,DC=x"\n# note\n' + GUID + ',"CN=VPN,DC=x"\n',
        semicolons="usera;CN=Sales,DC=x",
        quotes='"a""b";"CN=Doe\\, A,DC=x"\r\n',
        open_quote='usera,"CN=Sales,DC=x',
        three="usera,CN=Sales,DC=x",
        empty_key=',"CN=a"',
        empty_group='usera,""\n',
        no_group="usera,\n",
        spaces=' usera , "CN=a,DC=x\\ " ',
        wide="\ufeffusera;CN=Sales,DC=x\r\n".encode("utf-16-le"),
        comment='#a\n"#b","CN=c"\n',
    )
    write(
        "config",
        usual='default-profile = "a"\n[profiles.a]\nserver = ["ldaps://dc1", "ldaps://dc2"]\nuser = "admin@contoso.com"\n'
        'password-file = "pw"\nca = "ca.pem"\ntimeout = 30\n[profiles.b]\nserver = "dc2"\npassword-file = "-"\nstarttls = true\n',
        password='[profiles.a]\npassword = "hunter2secret"\n',
        inline='profiles.a = { server = "x", bindPassword = "y" }',
        in_a_list='profiles.a.server = [{ password = "x" }]',
        unknown='[profiles.a]\nservre = 1\n',
        number='[profiles.a]\ntimeout = -1\nverbose = 300\n',
        dotted=".".join(["a"] * 60) + " = 1",
        nested="a = " + "[" * 60 + "]" * 60,
        cut='[profiles.a',
        twice="[profiles.a]\n[profiles.a]\n",
        empty="",
        dates="a = 2026-11-01T09:30:00Z\nb = 0x7f\nc = 1e400\nd = inf\n",
    )


PEM = """-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUFAKECERTIFICATEFORFUZZSEEDS0wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEbGFiMTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBa
MA8xDTALBgNVBAMMBGxhYjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQxMjM0
-----END CERTIFICATE-----
"""

REQUEST = {"account": "enable", "password": "given", "mustChange": True, "resetPassword": False}


def step(action, undo, **more):
    return {"action": action, "why": "asked for", "undo": undo} | more


def a_plan(**change):
    steps = [
        step({"step": "reanimate", "to": "CN=UserA,OU=x,DC=contoso,DC=com", "parent": GUID, "password": "random"}, {"impossible": {"reason": "delete it again"}}),
        step({"step": "setUpn", "value": "usera@contoso.com"}, {"values": {"attribute": "userPrincipalName", "values": []}}),
        step({"step": "setAttribute", "attribute": "title", "values": [{"text": "CEO"}, {"base64": "/9g="}], "source": "--set"}, {"values": {"attribute": "title", "values": [{"text": "old"}]}}),
        step({"step": "setPassword", "mustChange": True, "generated": False}, {"impossible": {"reason": "unknown"}}),
        step({"step": "enable"}, "disable"),
        step({"step": "addToGroup", "group": "CN=G,DC=contoso,DC=com", "guid": GUID, "source": "file:g.csv"}, "removeFromGroup", already=True),
        step({"step": "move", "to": "CN=UserB,DC=contoso,DC=com"}, {"move": {"to": "CN=UserA,DC=contoso,DC=com"}}),
        step({"step": "manual", "text": "synchronise"}, "nothing"),
    ]
    item = {
        "guid": GUID, "name": "UserA", "type": "user", "samAccountName": "UserA", "from": DELETED, "usnChanged": 4336,
        "dn": "CN=UserA,OU=x,DC=contoso,DC=com", "deletedAt": "2026-11-01T09:30:00Z", "steps": steps,
        "losses": ["the memberships"], "stillMissing": ["mail"],
    }
    plan = {
        "schema": "adrecover/plan/v1", "madeBy": "0.1.0", "madeAt": "2026-11-22T12:00:00Z", "purpose": "restore",
        "domain": "DC=contoso,DC=com", "domainSid": SID, "server": "dc1.contoso.com",
        "request": REQUEST | {"upn": {"value": "usera@contoso.com"}, "set": [{"attribute": "title", "values": [{"text": "CEO"}]}],
            "groups": [{"member": {"samAccountName": "usera"}, "group": "CN=G,DC=contoso,DC=com", "source": "file:g.csv"}]},
        "objects": [item | change.pop("item", {})],
    }
    return plan | change


def plans():
    dump = lambda value: json.dumps(value, separators=(",", ":"))  # noqa: E731
    block = {"id": "name.upn", "message": "it is taken", "object": "CN=b", "wayOut": "--upn"}
    write(
        "plan",
        usual=dump(a_plan()),
        blocked=dump(a_plan(item={"blockedBy": [block], "steps": []})),
        skipped=dump(a_plan(item={"skipped": "it is live", "steps": []})),
        undo=dump(a_plan(purpose={"undo": {"operation": "0192f1c8"}})),
        odd_values=dump(a_plan(server="dc\x1b[31m1\u202e", domain="DC=\u009bx", madeBy="\x1b")),
        odd_attribute=dump(a_plan(item={"steps": [step({"step": "setAttribute", "attribute": "\x1b[2J", "values": [], "source": ""}, "nothing")]})),
        far=dump(a_plan(madeAt="+12026-11-22T12:00:00Z")),
        bad_base64=dump(a_plan(request=REQUEST | {"set": [{"attribute": "title", "values": [{"base64": "?"}]}]})),
        secret=dump(a_plan(request=REQUEST | {"set": [{"attribute": "unicodePwd", "values": []}]})),
        no_objects=dump(a_plan(objects=[])),
        newer='{"schema":"adrecover/plan/v9"}',
        cut=dump(a_plan())[:200],
        wide=("\ufeff" + dump(a_plan(objects=[]))).encode("utf-16-le"),
    )
    number = "0192f1c8-0000-7000-8000-00000000000"

    def operation(last, state, plan=None, undo_of=None, command="restore", at="2026-11-22T12:00:00.000Z"):
        return [number + last, at, None, command, "because", "admin", "joe", "pc", "DC=contoso,DC=com", SID, "dc1", plan or a_plan(), undo_of, state]

    def event(last, seq, of_step, name, detail=None, of_object=0):
        return [number + last, seq, of_object, GUID, of_step, name, "2026-11-22T12:00:01.000Z", detail or {}]

    restored = [GUID, number + "1", "UserA", "UserA", "CN=UserA,OU=x,DC=contoso,DC=com", "2026-11-22T12:00:01.000Z"]

    def journal(operations, events=(), restored=()):
        return dump({"operations": operations, "events": list(events), "restored": list(restored)})

    done = [event("1", 2 * n + k, n, name) for n in range(8) for k, name in enumerate(["started", "succeeded"], 1)]
    write(
        "journal",
        done=journal([operation("1", "done")], done, [restored]),
        running=journal([operation("1", "running")], done[:5], [restored]),
        detail=journal([operation("1", "partial")], [event("1", 1, 2, "started", {"previous": [{"text": "old"}], "uac": 514}), event("1", 2, 2, "failed", {"message": "no"})]),
        moved=journal([operation("1", "done")], [event("1", 1, 6, "started", {"previousDn": "CN=Old,DC=contoso,DC=com"}), event("1", 2, 6, "succeeded")]),
        undone=journal([operation("1", "done"), operation("2", "done", undo_of=number + "1", command="undo")], done),
        out_of_order=journal([operation("1", "done")], [event("1", 1, 0, "succeeded")]),
        no_such_step=journal([operation("1", "done")], [event("1", 1, 99, "started"), event("1", 2, -1, "started")]),
        unknown=journal([operation("1", "melted", command="dance")]),
        bad_plan=journal([operation("1", "done", plan={"schema": "x"})]),
        bad_detail=journal([operation("1", "done")], [event("1", 1, 0, "started", "{")]),
        bad_time=journal([operation("1", "done", at="yesterday")]),
        bad_id=journal([["x"] + operation("1", "done")[1:]]),
        numbers=journal([[number + "1"] + [1] * 13]),
        bad_guid=journal([operation("1", "done")], [], [["x"] + restored[1:]]),
        empty=journal([]),
    )


def toy(clear, seal):
    """What the mechanism of the tests makes of a message (crates/ldap/src/sasl/testing.rs)."""
    total = 7
    for octet in clear:
        total = (total * 31 + octet) & 0xFFFFFFFF
    octets = bytes(octet ^ 0xFF for octet in clear) if seal else clear
    return bytes([seal]) + total.to_bytes(4, "big") + octets


def logons():
    def bind(number, code, credentials=None):
        more = [] if credentials is None else [tlv(0x87, credentials)]
        return result(number, 0x61, code, "", *more)

    def frame(clear):
        sealed = toy(clear, 1)
        return len(sealed).to_bytes(4, "big") + sealed

    frames = frame(b"first") + frame(b"") + frame(b"second" * 40)
    agreed = bind(1, 14, b"toy reply") + bind(2, 14, toy(b"\x07\x00\x0a\x00", 0)) + bind(3, 0)
    write(
        "sasl",
        bound=agreed + frames,
        integrity_only=bind(1, 14, b"toy reply") + bind(2, 14, toy(b"\x02\x00\x0a\x00", 0)),
        refused=bind(1, 49),
        no_round=bind(1, 0),
        nothing_taken=bind(1, 14, b"toy reply") + bind(2, 14, toy(b"\x07\x00\x00\x00", 0)) + bind(3, 0),
        empty=b"",
    )
    write(
        "sealed",
        frames=frames,
        cut=frames[:-3],
        changed=frames[:6] + bytes([frames[6] ^ 1]) + frames[7:],
        huge=b"\xff\xff\xff\xff" + frames,
        no_message=bytes(8),
    )
    names = b"\x07contoso\x03com\0\xc0\x18\x03DC1\xc0\x18\x07CONTOSO\0\x03DC1\0\0\x06Berlin\0\x06Berlin\0"
    head = struct.pack("<HHI16s", 23, 0, 0x3FD, bytes(16))
    tail = struct.pack("<IHH", 5, 0xFFFF, 0xFFFF)
    write(
        "netlogon",
        pong=entry(1, "", Netlogon=[head + names + tail]) + result(1, 0x65, 0),
        looping=entry(1, "", Netlogon=[head + b"\xc0\x18"]),
        bad_label=entry(1, "", Netlogon=[head + b"\x80"]),
        other=entry(1, "", Netlogon=[b"\x13\0" + head[2:] + names]),
        no_value=entry(1, "", Netlogon=[]),
        none=result(1, 0x65, 0),
    )


# The synchronisation engine's configuration

COOKIE = "c00kie-0f-the-c0nnect0r"
CORP = "OU=CORP,DC=contoso,DC=com"


def connector_xml(inclusions=CORP, group=""):
    return (
        "<ma-data>\n<id>{5E2F0A31-7B1D-4C3E-9F60-0A1B2C3D4E5F}</id><name>contoso.com</name>\n<category>AD</category>"
        "<private-configuration><adma-configuration><forest-name>contoso.com</forest-name><parameter-values>"
        f'<parameter name="password" encrypted="1">{COOKIE}</parameter><parameter name="forest-login-user">MSOL_1</parameter>'
        f'<parameter name="Connector.GroupFilteringGroupDn">{group}</parameter></parameter-values></adma-configuration>'
        "</private-configuration><ma-partition-data>\n<partition><name>DC=contoso,DC=com</name><selected>1</selected><filter>"
        "<object-classes><object-class>user</object-class></object-classes><containers>\n<exclusions>"
        f"<exclusion>DC=contoso,DC=com</exclusion></exclusions>\n<inclusions><inclusion>{inclusions}</inclusion></inclusions>"
        f"</containers></filter><custom-data><cookie>{COOKIE}</cookie></custom-data></partition></ma-partition-data></ma-data>"
    )


def connectors(inclusions=(CORP,), **change):
    scope = {"ObjectClasses": ["user"], "ContainerInclusionList": list(inclusions), "ContainerExclusionList": ["DC=contoso,DC=com"]}
    partition = {"Name": "DC=contoso,DC=com", "DN": "DC=contoso,DC=com", "Selected": True, "ConnectorPartitionScope": scope}
    parameters = [{"Name": "Connector.GroupFilteringGroupDn", "Value": ""}, {"Name": "password", "Value": COOKIE}]
    entra = {"Name": "AAD", "Type": "Extensible2", "Partitions": [{"DN": "default", "Selected": True}]}
    return [{"Name": "contoso.com", "Type": "AD", "Identifier": GUID, "Partitions": [partition], "GlobalParameters": parameters, **change}, entra]


def clixml(value, name=None, number=[0]):
    """What Export-Clixml makes of a value."""
    n = "" if name is None else f' N="{name}"'
    number[0] += 1
    obj = f'<Obj{n} RefId="{number[0]}">'
    if isinstance(value, bool):
        return f"<B{n}>{str(value).lower()}</B>"
    if isinstance(value, str):
        return f"<S{n}>{value}</S>"
    if isinstance(value, list):
        return obj + "<LST>\n" + "\n".join(clixml(v) for v in value) + "</LST></Obj>"
    return obj + "<Props>" + "".join(clixml(v, k) for k, v in value.items()) + "</Props></Obj>"


def objs(value):
    return '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">' + clixml(value) + "</Objs>"


def synchronisation():
    rule = (
        "<synchronizationRule><name>NoSync</name><direction>Inbound</direction><connector>{5E2F0A31}</connector>"
        "<sourceObjectType>user</sourceObjectType><precedence>90</precedence><attribute-mappings><mapping><dest>cloudFiltered</dest>"
        "<src>True</src></mapping></attribute-mappings><synchronizationCriteria><conditions><scope><csAttribute>title</csAttribute>"
        "<csOperator>EQUAL</csOperator><csValue>NoSync</csValue></scope></conditions></synchronizationCriteria></synchronizationRule>"
    )
    settings = (
        "<saved-mv-configuration server='S'><mv-data><parameter-values>"
        '<parameter name="Microsoft.Synchronize.StagingMode">False</parameter></parameter-values></mv-data></saved-mv-configuration>'
    )
    write(
        "sync_xml",
        connector=connector_xml(),
        group=connector_xml(group="CN=Pilot,DC=contoso,DC=com"),
        no_dn=connector_xml("CORP"),
        cut=connector_xml()[:300],
        entity=connector_xml("&" + COOKIE + ";"),
        doctype="<!DOCTYPE a [<!ENTITY b '" + COOKIE + "'>]><ma-data/>",
        wide=("\ufeff" + connector_xml()).encode("utf-16-le"),
        rule=rule,
        settings=settings,
        clixml=objs(connectors()),
        clixml_truncated=objs([{"Name": "a", "Type": "AD", "Partitions": "System.Collections.ObjectModel.Collection"}]),
        clixml_circle='<Objs><Obj RefId="0"><Props><Ref N="Partitions" RefId="0"/><S N="Type">_x0041_D</S></Props></Obj></Objs>',
        deep="<a>" * 60 + "</a>" * 60,
        entra="<ma-data><category>Extensible2</category></ma-data>",
        other="<html/>",
        empty="",
    )
    policy = {
        "azureDirectoryPolicy": {"secret": COOKIE},
        "onpremisesDirectoryPolicy": [
            {
                "friendlyName": "contoso.com",
                "uniqueIdentifier": GUID,
                "partitionFilters": [
                    {"distinguishedName": "DC=contoso,DC=com", "containerInclusions": [CORP], "containerExclusions": ["DC=contoso,DC=com"]}
                ],
                "customSynchronizationRules": [
                    {
                        "name": "NoSync",
                        "scopeFilters": [{"attribute": "title", "condition": "EQUAL", "value": "NoSync"}],
                        "attributeMappings": [{"source": "True", "destination": "cloudFiltered"}],
                    }
                ],
            }
        ],
    }
    clause = {"sourceOperandName": "title", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}}
    mapping = {"sourceObjectName": "user", "scope": {"groups": [{"clauses": [clause]}]}}
    sync_rule = {"name": "r", "containerFilter": {"includedContainers": [CORP]}, "groupFilter": {"includedGroups": []}, "objectMappings": [mapping]}
    write(
        "sync_json",
        connectors=json.dumps(connectors(), indent=1),
        one=json.dumps(connectors()[0]),
        both=json.dumps(connectors((CORP, "DC=contoso,DC=com"))),
        twice=json.dumps(connectors() + connectors()),
        contradiction=json.dumps(connectors() + connectors(("OU=X,DC=contoso,DC=com",))),
        truncated=json.dumps(connectors(Partitions="System.Collections.ObjectModel.Collection`1")),
        counted=json.dumps(connectors(Partitions={"value": connectors()[0]["Partitions"], "Count": 1})),
        cut=json.dumps(connectors())[:200],
        damaged=json.dumps(connectors()).replace('"' + COOKIE, COOKIE),
        policy=json.dumps(policy, indent=1),
        schema=json.dumps({"synchronizationRules": [sync_rule]}, indent=1),
        schema_all=json.dumps({"synchronizationRules": [{"name": "r", "containerFilter": None}]}),
        settings='[{"Name":"Microsoft.Synchronize.StagingMode","Value":"True"}]',
        wide=("\ufeff" + json.dumps(connectors())).encode("utf-16-be"),
        deep="[" * 200 + "]" * 200,
        other='{"value":[{"id":"1"}]}',
        empty="",
    )
    write("text_file", utf8="a\u00fc", bom="\ufeffa", little="\ufeffa\u00fc".encode("utf-16-le"), big="\ufeffa".encode("utf-16-be"), plain_little="{}".encode("utf-16-le"), plain_big="{}".encode("utf-16-be"), odd=b"\xff\xfea", surrogate=b"\xff\xfe\0\xd8", latin=b"\xfc", empty=b"")


def exports():
    def page(name, *value, **more):
        return json.dumps({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#" + name} | more | {"value": list(value)})

    user = {
        "id": GUID, "userPrincipalName": "ana@contoso.com", "mail": None, "proxyAddresses": ["SMTP:ana@contoso.com", "x500:/o=C/cn=ana"],
        "onPremisesImmutableId": "KmtOjTwfW0qcfQEjRWeJqw==", "onPremisesSyncEnabled": True, "onPremisesDistinguishedName": "CN=Ana,DC=contoso,DC=com",
        "assignedLicenses": [{"skuId": GUID, "disabledPlans": [GUID]}], "onPremisesExtensionAttributes": {"extensionAttribute1": "x"},
        "licenseAssignmentStates": [{"skuId": GUID, "assignedByGroup": GUID, "state": "Active", "error": "None"}],
        "assignedPlans": [{"service": "exchange", "capabilityStatus": "Enabled"}], "manager": {"id": GUID},
    }
    deleted = user | {"userPrincipalName": GUID.replace("-", "") + "ana@contoso.com", "deletedDateTime": "2026-11-01T09:30:00Z"}
    module = {"Id": GUID, "UserPrincipalName": "a@b.c", "Mail": None, "AdditionalProperties": {"@odata.type": "#microsoft.graph.user", "city": None}}
    mailbox = {
        "ExchangeGuid": GUID, "PrimarySmtpAddress": "a@b.c", "EmailAddresses": {"value": ["SMTP:a@b.c"], "Count": 1}, "ExternalDirectoryObjectId": "",
        "WhenSoftDeleted": "/Date(1793525400000)/", "RemoteRecipientType": "ProvisionMailbox, Migrated", "IsSoftDeletedByRemove": True,
    }
    conflict = {"code": "ObjectConflict", "target": "proxyAddresses", "message": "held by \u001b[31m\u202e"}
    refusal = {"code": "Request_BadRequest", "message": "Another\nobject", "details": [conflict], "innerError": {"request-id": "r", "code": "x", "innererror": {"code": "y"}}}
    write(
        "graph_answer",
        page=page("users", user),
        next=page("users", user, **{"@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x"}),
        next_elsewhere=page("users", **{"@odata.nextLink": "https://graph.microsoft.com@x/v1.0/users"}),
        next_version=page("users", **{"@odata.nextLink": "https://graph.microsoft.com/v1.0/../beta/users"}),
        refusal=json.dumps({"error": refusal}),
        login=json.dumps({"error": "invalid_client", "error_description": "AADSTS7000215"}),
        deep='{"error":{"innerError":' * 15 + "{}" + "}}" * 15, cut=page("users", user)[:90], twice='{"value":[],"value":[]}', empty="",
    )
    scheduler = {"SyncCycleEnabled": True, "StagingModeEnabled": False, "NextSyncCyclePolicyType": "Delta", "AllowedSyncCycleInterval": {"Ticks": 18000000000}}
    write(
        "evidence",
        page=page("users", user), pages=page("users", user, **{"@odata.nextLink": "https://x"}) + "\n" + page("users", deleted),
        deleted=json.dumps([deleted, deleted]), module=json.dumps([module, module | {"Mail": "a@b.c"}]), one=json.dumps(user),
        cut_depth=json.dumps([user | {"assignedLicenses": "System.Object[]", "proxyAddresses": ["@{x=1}"]}]),
        mailbox=json.dumps([mailbox]), scheduler=json.dumps(scheduler).replace("/", "\\/"),
        csv='#TYPE X\r\n"Id";"UserPrincipalName";"ProxyAddresses"\r\n"' + GUID + '";"a@b.c";"SMTP:a@b.c;smtp:d@e.f"\r\n',
        csv_flat="ExchangeGuid,EmailAddresses\n" + GUID + ',"System.Collections.ArrayList"\n', csv_open='id,userPrincipalName\n1,"a',
        domains=page("domains", {"id": "contoso.com", "isVerified": True, "authenticationType": "Managed"}),
        roles=page("roleManagement/directory/roleAssignments", {"principalId": GUID, "roleDefinitionId": GUID, "directoryScopeId": "/"}),
        skus=json.dumps([{"skuId": GUID, "skuPartNumber": "X", "consumedUnits": 1, "prepaidUnits": {"enabled": 2}, "servicePlans": [{"servicePlanName": "EXCHANGE_S_ENTERPRISE"}]}]),
        features=json.dumps({"configuration": {"accidentalDeletionPrevention": {"alertThreshold": 500}}, "features": {"blockSoftMatchEnabled": True}}),
        behaviour='{"@odata.context":"https://x/$metadata#users(\'' + GUID + '\')/onPremisesSyncBehavior/$entity","isCloudManaged":true}',
        settings=json.dumps({"InstanceId": GUID, "SqlSchemaVersion": 1, "Parameters": [{"Name": "Microsoft.Synchronize.StagingMode", "Value": "False"}]}),
        runs=json.dumps([{"RunHistoryId": GUID, "RunProfileName": "Export", "Result": "success", "StartDate": "2026-11-01T09:30:00Z"}]),
        wide=("\ufeff" + json.dumps([user])).encode("utf-16-le"), deep='[{"id":' + "[" * 100 + "]" * 100 + "}]",
        odd='[{"userPrincipalName":"\x1b[2J\\u202e","id":1,"\x1b":2}]', error='{"error":{"code":"\\u001b[31mNo"}}', empty="",
    )
    entry = {"dataset": "users", "file": "users.jsonl", "complete": True, "properties": ["id"], "error": None, "at": "2026-11-01T09:30:00Z"}
    manifest = {"schema": "adrecover/collector/v1", "files": [entry, entry | {"file": None, "error": "no"}, {"dataset": 7}]}
    write("evidence_manifest", usual=json.dumps(manifest), newer='{"schema":"adrecover/collector/v9","files":[]}', cut=json.dumps(manifest)[:90])


# The change journal: `crates/journal/src/codec` has the layouts, `fuzzing.rs` how rows are given.


def change_journal():
    def number(n):
        out = b""
        while n >= 0x80:
            out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
        return out + bytes([n])

    def signed(n):
        return number(n << 1 if n >= 0 else (-n << 1) - 1)

    def octets(value):
        value = value.encode() if isinstance(value, str) else value
        return number(len(value)) + value

    def cell(value):
        value = value.encode() if isinstance(value, str) else value
        return number(len(value) << 2) + value

    def content(n):
        return number(n << 2 | 3)

    def name(rdn, container=None):
        return octets(rdn) + (b"\0" if container is None else b"\1" + octets(container))

    def state(rdn, *attributes, container=None, writes=()):
        """Each attribute is the step to its id and its values; one of one value has it without a length."""
        out = b"\1" + name(rdn, container) + number(len(writes)) + b"".join(signed(n) for w in writes for n in w)
        for step, *values in attributes:
            one = len(values) == 1
            out += number(step << 2 | one << 1) + (values[0] if one else octets(b"".join(values)))
        return out

    def change(*attributes, rdn=None, parent=0, status=None):
        out = b"\1" + bytes([(rdn is not None) | (status is not None) << 1])
        out += b"" if rdn is None else name(rdn) + number(parent)
        out += b"" if status is None else number(status)
        out += number(len(attributes))
        for id, old in attributes:
            out += number(id) + signed(2) + (b"\0" if old is None else b"\1" + signed(3) + signed(1) + signed(9) + signed(1) + octets(old))
        return out

    def object_row(n, parent, status, payload):
        return bytes([0, n - 1, parent, status]) + octets(payload)

    def change_row(n, kind, happened, payload, controller=1):
        return bytes([1, n - 1]) + signed(kind) + signed(happened) + signed(77) + bytes([controller]) + octets(payload)

    def link_row(source, target, added, removed, attribute=6, data=0):
        return bytes([2, source - 1, target, attribute]) + signed(data) + signed(added) + signed(removed)

    def content_row(n, value):
        return bytes([3, n - 1]) + octets(value)

    def lookup_row(n):
        return bytes([4, n - 1])

    head = object_row(1, 0, 1, state("DC=x", (1, cell("top"), cell("domain"))))
    mangled = "CN=Ada\\0ADEL:" + GUID
    ada = object_row(2, 1, 3, state(mangled, (1, cell("user")), (1, cell("TRUE")), (1, cell("ada"))))
    group = object_row(3, 1, 1, state("CN=Sales", (1, cell("group")), container="DC=x"))
    delete = change((2, None), (4, cell("ada@x")), (7, content(5)), rdn="CN=Ada", parent=1, status=1)
    # Rows have the numbers of their order: the change is the fourth.
    rows = head + ada + group + change_row(2, 8 | 4, 3, delete) + link_row(3, 2, 0, 4) + content_row(5, "p" * 40) + lookup_row(2)
    circle = object_row(1, 2, 1, state("CN=a")) + object_row(2, 1, 1, state("CN=b")) + object_row(3, 3, 1, state("CN=c"))
    later = change_row(3, 2, -5, change((1, None))) + change_row(3, 1, 4, change(status=0)) + change_row(3, 32, 9, change(status=1), 2)
    secret = object_row(2, 1, 1, state("CN=Ada", (8, cell("hunter2")))) + change_row(2, 2, 4, change((8, cell("hunter1"))))
    write(
        "change_journal",
        deleted=rows, circle=circle, history=head + group + later, secret=head + secret,
        state=state("CN=Ada", (1, cell("a"), cell("b")), (2, number(2 << 2 | 1) + b"\x10\x27"), (1, number(4 << 2 | 2) + b"\x80\x4b\x81\xd5"), writes=[(3, 1, 9)]),
        change=delete, cells=cell("x") + content(7) + cell(""), bad_content=head + object_row(2, 1, 1, state("CN=a", (7, content(9)))),
        same_content=head + content_row(5, "p") + object_row(2, 1, 1, state("CN=a", (7, content(5), content(5)))),
        far=head + change_row(1, 2, 2**62, change((1, cell("x")))) + link_row(1, 9, 2**61, -1) + link_row(1, 1, 1, 2, 9, 3),
        statuses=b"".join(object_row(n, 0, n, state("CN=%d" % n)) for n in range(1, 7)), cut=rows[:90], empty=b"",
    )


def directories():
    """Files that are directories."""
    user = "objectClass: top\nobjectClass: user\nsAMAccountName: ada\nobjectGUID:: rqBFPMXrDUmktEsg0+NKPw==\n"
    export = "# requesting: ALL\n\ndn: CN=Ada,DC=x\n" + user + "memberOf: CN=G,DC=x\nunicodePwd:: AAAA\njpegPhoto:< file:///x\n\n"
    group = "dn: CN=G,DC=x\nmember;range=0-1: CN=Ada,\n DC=x\nmember;range=0-1: CN=Bea,DC=x\nmember:\n\n"
    log = (
        "version: 1\n\ndn: CN=Ada,DC=x\ncontrol: 1.2.840.113556.1.4.417 true: x\nchangetype: add\n" + user + "\n"
        "dn: CN=Ada,DC=x\nchangetype: modify\nadd: mail\nmail: a@x\n-\ndelete: mail\nmail: A@X\n-\nreplace: sn\nsn: b\n-\n\n"
        "dn: CN=Ada,DC=x\nchangetype: modrdn\nnewrdn: CN=Bea\ndeleteoldrdn: 1\nnewsuperior: OU=b,DC=x\n\n"
        "dn: CN=Bea,OU=b,DC=x\nchangetype: delete\n"
    )
    ldb = f"# record 1\ndn: <GUID={GUID}>;<SID={SID}>;CN=Ada,DC=x\nobjectGUID: {GUID}\nobjectSid: {SID}\nmember: B:4:0aff:<GUID={GUID_WIRE.hex()}>;CN=G\n"
    schema = "dn: CN=boss,DC=x\nobjectClass: attributeSchema\nlDAPDisplayName: boss\nlinkID: 90000\n\ndn: CN=a,DC=x\nboss: CN=Ada,DC=x\n\n"
    deleted = f"dn: CN=Ada\\0ADEL:{GUID},CN=Deleted Objects,DC=x\nisDeleted: TRUE\nisRecycled: TRUE\n\n"
    wide = b"\xff\xfe" + (export + group).replace("\n", "\r\n").encode("utf-16-le")
    renames = "".join(f"dn: OU={n},DC=x\nchangetype: moddn\nnewrdn: OU={n + 1}\n\n" for n in range(5)) + "dn: CN=a,OU=5,DC=x\ncn: a\n"
    write(
        "ldif_offline",
        export=export + group + "search: 2\nresult: 4 Size limit exceeded\n", log=log, ldb=ldb, schema=schema + export,
        deleted=deleted + export, wide=wide, wide_be=(export + group).encode("utf-16-be"), twice=export + group + export + group,
        root="dn:\ndnsHostName: dc1.x\ndefaultNamingContext: DC=x\ncurrentTime: 20261101093000.0Z\n\n" + export, renames=renames,
        bad="dn: CN=a\nno colon\ncn:: !!\n\nmail: nobody\n\ndn:: !\n\ndn: CN=b\nchangetype: odd\n", empty="", gzip=gzip.compress(export.encode(), mtime=0),
    )

    def wide_text(value):
        return value.encode("utf-16-le")

    def texts(*values):
        offsets, body = [], b""
        for value in values:
            offsets.append(4 + 4 * len(values) + len(body))
            body += wide_text(value + "\0")
        return struct.pack(f"<I{len(values)}I", len(values), *offsets) + body

    def snapshot(properties, *objects):
        body = b""
        for values in objects:
            table, data = b"", b""
            for place, value in values:
                # A number is a reference to values that lie elsewhere.
                offset = value if isinstance(value, int) else 8 + 8 * len(values) + len(data)
                table += struct.pack("<Ii", place, offset)
                data += b"" if isinstance(value, int) else value
            body += struct.pack("<II", 8 + len(table) + len(data), len(values)) + table + data
        head = b"win-ad-ob\0" + struct.pack("<IQ", 0x10001, 132827825226331628) + bytes(520) + wide_text("dc1.x").ljust(520, b"\0")
        head += struct.pack("<IIQQ", len(objects), 0, 0x43E + len(body), 0)
        out = head + body + struct.pack("<I", len(properties))
        for name, kind in properties:
            name, dn = wide_text(name + "\0"), wide_text("CN=x\0")
            out += struct.pack("<I", len(name)) + name + struct.pack("<iII", 1, kind, len(dn)) + dn + bytes(36)
        return out

    names = [("distinguishedName", 1), ("objectGUID", 8), ("member", 1), ("whenChanged", 9), ("isDeleted", 6), ("sAMAccountName", 3), ("pwdLastSet", 10)]
    ada = [
        (0, texts("CN=Ada,DC=x")),
        (1, struct.pack("<II", 1, 16) + GUID_WIRE),
        (3, struct.pack("<I8H", 1, 2026, 11, 0, 1, 9, 30, 0, 0)),
        (5, texts("ada")),
        (6, struct.pack("<Iq", 1, -1)),
    ]
    gone = [(0, texts("CN=Bea,DC=x")), (4, struct.pack("<II", 1, 1))]
    group_of = [(0, texts("CN=G,DC=x")), (2, texts("CN=Ada,DC=x", "CN=Bea,DC=x"))]
    whole = snapshot(names, ada, gone, group_of)
    write(
        "adexplorer",
        whole=whole, shared=snapshot(names, ada, [(0, 8 - len(snapshot(names, ada)))], [(0, -150), (5, 8)]), empty=b"", cut=whole[:1300],
        other_types=snapshot([("distinguishedName", 1), ("msDS-RevealedList", 28), ("nTSecurityDescriptor", 25), ("linkID", 7)], [(0, texts("DC=x")), (1, texts("x")), (2, struct.pack("<II", 1, 4) + b"\1\0\4\x80"), (3, struct.pack("<Ii", 1, -5))]),
        no_objects=snapshot(names), damaged=whole.replace(struct.pack("<II", 5, 0)[:4], b"\xff" * 4, 1),
    )


def packed(version, dn, *attributes):
    """A record of LDB (crates/offline/src/samba/ldb.rs)."""
    def long(value):
        return struct.pack("<I", len(value)) + value + b"\0"

    attributes = [(name.encode(), [v.encode() if isinstance(v, str) else v for v in values]) for name, *values in attributes]
    out = struct.pack("<II", 0x26011966 + version, len(attributes))
    if version < 2:
        out += dn.encode() + b"\0" if version else b""
        for name, values in attributes:
            out += name + b"\0" + struct.pack("<I", len(values)) + b"".join(map(long, values))
        return out
    names = contents = b""
    for name, values in attributes:
        width = 1 if max([0, *map(len, values)]) < 256 else 2
        names += long(name) + struct.pack("<IB", len(values), width)
        names += b"".join(len(v).to_bytes(width, "little") for v in values)
        contents += b"".join(v + b"\0" for v in values)
    return out + long(dn.encode()) + long(b"x/") + struct.pack("<I", len(names) + 4) + names + contents


def table(*records, chains=3, order="<", recovery=0):
    """A TDB file (crates/offline/src/samba/tdb.rs)."""
    heads = [0] * chains
    at, body = 172 + 4 * chains, b""
    for n, (key, data) in enumerate(records):
        length = (len(key) + len(data) + 7) // 4 * 4
        body += struct.pack(order + "6I", heads[n % chains], length, len(key), len(data), n, 0x26011999)
        body += (key + data).ljust(length, b"\0")
        heads[n % chains] = at
        at += 24 + length
    head = b"TDB file\n".ljust(32, b"\0") + struct.pack(order + "4I", 0x2601196D, chains, 0, recovery)
    return head.ljust(172, b"\0") + struct.pack(order + "%dI" % chains, *heads) + body


def backups():
    ada, gone = "CN=Ada,DC=x", "CN=Bea" + MARK + GUID + ",CN=Deleted Objects,DC=x"
    link = "<GUID=" + GUID + ">;<RMD_ADDTIME=134401796580000000>;<RMD_CHANGETIME=134401796590000000>;<RMD_FLAGS=%d>;<SID=" + SID + ">;%s"
    user = packed(2, ada, ("objectClass", "top", "user"), ("objectGUID", GUID_WIRE), ("sAMAccountName", "ada"), ("unicodePwd", b"\1\2"),
                  ("userPrincipalName", "ada@x"), ("objectCategory", "<GUID=" + GUID + ">;CN=Person,CN=Schema"), ("whenChanged", "20261126151418.0Z"))
    group = packed(2, "CN=Team,DC=x", ("objectGUID", bytes(range(16))), ("member", link % (0, ada), link % (1, gone)), ("manager", link % (0, ada)))
    deleted = packed(2, gone, ("objectGUID", GUID_WIRE[::-1]), ("isDeleted", "TRUE"), ("lastKnownParent", "DC=x"))
    index = packed(2, "@INDEX:CN:ADA", ("@IDX", GUID_WIRE * 2))
    objects = [(b"GUID=" + bytes([n] * 16), value) for n, value in enumerate([user, group, deleted])]
    objects.append((b"DN=@INDEX:CN:ADA\0", index))
    whole = table(*objects)
    broken = bytearray(whole)
    broken[172:176] = b"\xff\xff\xff\xff"
    again = bytearray(table(*objects, chains=1))
    again[176:180] = again[172:176]
    write(
        "tdb", whole=whole, broken_chain=bytes(broken), circle=bytes(again), other_order=table(*objects, order=">"), empty=table(),
        same_twice=table(*objects, *objects), recovery=table(*objects, recovery=len(whole)) + struct.pack("<6I", 0, 0, 0, 0, 0, 0xF53BC0E7),
        old=table((b"DN=CN=ADA,DC=X\0", packed(1, ada, ("objectGUID", GUID_WIRE), ("description", "a", "b")))), cut=whole[:300], none=b"",
    )
    wide = packed(2, ada, ("cn", "x" * 300, ""), ("empty",), ("data", b"\0\1"))
    write("ldb_record", user=user, group=group, index=index, old=packed(1, ada, ("cn", "Ada"), ("empty",), ("data", b"\0\1")),
          without_a_name=packed(0, "", ("cn", "Ada")), wide=wide, cut=user[:60], none=b"")

    def archive(form, *files):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as tar:
            for name, content in files:
                about = tarfile.TarInfo(name)
                about.size = len(content)
                tar.addfile(about, io.BytesIO(content))
        # Without the blanks at the end, which fill a tape.
        return out.getvalue().rstrip(b"\0") + bytes(1024)

    few = ("backup.txt", b"Backup created"), ("private/sam.ldb.d/DC=X.ldb", table(objects[0]))
    lmdb = ("private/sam.ldb.d/DC=X.ldb", bytes(16) + b"\xde\xc0\xef\xbe" + bytes(40))
    long = ("private/" + "x" * 150 + "/sam.ldb.d/DC=\u00e9.ldb", b"TDB file\n")
    write("samba_tar", backup=archive(tarfile.PAX_FORMAT, *few), lmdb=archive(tarfile.PAX_FORMAT, lmdb),
          long_pax=archive(tarfile.PAX_FORMAT, long), long_gnu=archive(tarfile.GNU_FORMAT, long),
          main=archive(tarfile.USTAR_FORMAT, ("private/sam.ldb", table()), *few), empty=bytes(1024), none=b"")


def event_logs():
    """Records of a chunk (crates/offline/src/evtx/testing.rs), which begins 512 octets before them."""
    def utf16(value):
        return value.encode("utf-16-le")

    def record(start, number, event, **data):
        out, values = bytearray(), []

        def name(value):
            at = start + len(out) + 4
            out.extend(struct.pack("<IIHH", at, 0, 0, len(value)) + utf16(value) + b"\0\0")

        def open_(value, attribute=None):
            out.extend(b"\x41" if attribute else b"\x01")
            out.extend(struct.pack("<HI", 0xFFFF, 0))
            name(value)
            if attribute:
                out.extend(bytes(4) + b"\x06")
                name(attribute[0])
                out.extend(attribute[1])

        def fixed(value):
            return b"\x05\x01" + struct.pack("<H", len(value)) + utf16(value)

        def slot(kind, value):
            values.append((kind, value))
            return b"\x0d" + struct.pack("<HB", len(values) - 1, kind)

        def element(tag, attribute, kind, value):
            open_(tag, attribute)
            out.extend(b"\x02" + slot(kind, value) + b"\x04")

        stamp = struct.pack("<Q", 134401796580000000 + number * 10**7)
        out.extend(b"**\0\0" + bytes(4) + struct.pack("<Q", number) + stamp + b"\x0f\1\1\0\x0c\1" + struct.pack("<I", number))
        out.extend(struct.pack("<I", start + len(out) + 4) + bytes(4) + bytes([number] * 16) + bytes(4))
        definition = len(out)
        out.extend(b"\x0f\1\1\0")
        open_("Event")
        out.extend(b"\x02")
        open_("System")
        out.extend(b"\x02")
        open_("Provider", ("Name", fixed("Microsoft-Windows-Security-Auditing")))
        out.extend(b"\x03")
        element("EventID", None, 6, struct.pack("<H", event))
        open_("TimeCreated", ("SystemTime", slot(0x11, stamp)))
        out.extend(b"\x03")
        element("Computer", None, 1, utf16("dc1.x"))
        out.extend(b"\x04")
        open_("EventData")
        out.extend(b"\x02")
        for tag, value in data.items():
            kind, octets = (1, utf16(value)) if isinstance(value, str) else (0x0F if len(value) == 16 else 0x13, value)
            element("Data", ("Name", fixed(tag)), kind, octets)
        out.extend(b"\4\4\0")
        out[definition - 4 : definition] = struct.pack("<I", len(out) - definition)
        out.extend(struct.pack("<I", len(values)) + b"".join(struct.pack("<HBB", len(v), kind, 0) for kind, v in values))
        out.extend(b"".join(v for _, v in values) + b"\0")
        out.extend(struct.pack("<I", len(out) + 4))
        out[4:8] = struct.pack("<I", len(out))
        return bytes(out)

    def records(*events):
        out = b""
        for n, (event, data) in enumerate(events):
            out += record(512 + len(out), n + 1, event, **data)
        return out

    who, ada = dict(SubjectUserName="admin"), dict(ObjectDN="CN=Ada,DC=x", ObjectGUID=GUID_WIRE, ObjectClass="user")

    def changed(attribute, operation, value):
        return 5136, {"OpCorrelationID": "{a}", **ada, "AttributeLDAPDisplayName": attribute, "AttributeValue": value, "OperationType": operation}

    member = dict(MemberName="CN=Ada,DC=x", MemberSid=sid(SID), TargetUserName="Team", TargetSid=sid(SID + "-9"))
    write(
        "evtx",
        account=records((4726, {**who, "TargetUserName": "ada", "TargetSid": sid(SID)})), changed=records(changed("title", "%%14674", "Clerk")),
        secret=records(changed("unicodePwd", "%%14674", "hunter2")), link=records(changed("member", "%%14675", "CN=Bea,DC=x")),
        member=records((4728, member)), left=records((4729, member)), deleted=records((5141, {"OpCorrelationID": "{a}", **ada})),
        moved=records((5139, {"OldObjectDN": "CN=Ada,DC=x", "NewObjectDN": "CN=Ada,OU=y,DC=x", "ObjectGUID": GUID_WIRE})),
        two=records((4725, {"TargetSid": sid(SID)}), (5141, ada)), nothing=records((4726, {})), none=b"", head=b"ElfFile\0" + bytes(120),
    )


def databases():
    """What is changed in a database (crates/offline/src/ese/fuzzing.rs): which one, then page, place and octets of each change."""

    def patch(page, at, octets):
        return bytes([page]) + struct.pack("<H", at) + bytes([len(octets)]) + octets

    def page(number, at, octets):
        return patch(number + 1, at, octets)

    seeds = {
        "small": b"\0", "usual": b"\1", "large": b"\2",
        "dirty": b"\0" + patch(0, 52, b"\2\0\0\0"),
        "page_size": b"\0" + patch(0, 236, struct.pack("<I", 16384)),
        "cut": b"\0" + b"\xff\0\0\0",
        "no_catalog": b"\1" + page(4, 34, b"\xff\xff"),
        "tags": b"\1" + page(31, 34, b"\xff\x0f") + page(32, 34, b"\x02\x00"),
        "circle": b"\0" + page(40, 20, struct.pack("<I", 40)) + page(41, 20, struct.pack("<I", 40)),
        "other_tree": b"\1" + page(33, 24, struct.pack("<I", 99)),
        "long_value": b"\0" + page(35, 44, b"\xff" * 12) + page(36, 80, b"\x18\xff\xff" + b"\xff" * 20),
        "checksum": b"\2" + page(30, 500, b"\x01"),
        "record": b"\1" + page(34, 60, b"\x7f\xff\xff\xff") + page(34, 200, b"\xff" * 40),
    }
    for target in ["ese", "ntds"]:
        write(target, **seeds)


for part in [replies, changes, streams, names, values, files, plans, logons, synchronisation, exports, change_journal, directories,
             backups, event_logs, databases]:
    part()

# Sourced by what builds the program with Kerberos.
# shellcheck shell=bash

# Kerberos is a feature on Linux: its headers and libclang, which reads them, are needed to build it.
kerberos() {
    local missing=() package include
    for package in libkrb5-dev libclang1; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if [ "${#missing[@]}" -gt 0 ]; then
        printf 'missing: %s; installing by apt\n' "${missing[*]}" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq >&2
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    fi
    # libclang alone does not bring the compiler's own headers.
    include=$(gcc -print-file-name=include)
    export BINDGEN_EXTRA_CLANG_ARGS="${BINDGEN_EXTRA_CLANG_ARGS:--I$include}"
    if [ -z "${LIBCLANG_PATH:-}" ]; then
        LIBCLANG_PATH=$(dirname "$(find /usr/lib -name 'libclang-[0-9]*.so*' -o -name 'libclang.so*' | sort | head -n 1)")
        export LIBCLANG_PATH
    fi
}

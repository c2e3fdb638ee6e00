/* The function of bcryptprimitives.dll that the standard library of Rust imports. Wine 8 lacks this DLL; Windows has it. Only for the
   prefix of tests/windows/run. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE octets, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 65536 ? 65536 : (ULONG)length;
        if (!RtlGenRandom(octets, part))
            return FALSE;
        octets += part;
        length -= part;
    }
    return TRUE;
}

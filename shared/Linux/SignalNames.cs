using System;

namespace Engine.Shared.Linux;

/// <summary>Signal names without "SIG", as kill(1) and the OCI command lines write them.</summary>
public static class SignalNames
{
    // By number from 0. The aliases POLL, IOT and CLD are the parsers' business.
    private static ReadOnlySpan<byte> Names =>
        "? HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU "u8 +
        "XFSZ VTALRM PROF WINCH IO PWR SYS"u8;

    /// <summary>"TERM" for 15; "?" for a real-time signal or a number that is none.</summary>
    public static ReadOnlySpan<byte> Name(int signal) => NameTable.At(Names, signal);

    /// <summary>15 for "TERM" (no "SIG", upper case); -1 if there is no such signal.</summary>
    public static int Number(ReadOnlySpan<byte> name) => NameTable.Find(Names, name);
}

namespace Engine.Starter;

internal static class TableChecks
{
    public static void Run()
    {
        Check.That(Errno.Name(ENOENT).SequenceEqual("ENOENT"u8) && Errno.Name(-EHWPOISON).SequenceEqual("EHWPOISON"u8), "errno names"u8);
        Check.That(Errno.Name(41)[0] == '?' && Errno.Name(4000)[0] == '?' && Errno.Name(0)[0] == '?', "no errno"u8);
        Check.That(SignalNames.Number("TERM"u8) == SIGTERM && SignalNames.Name(SIGSYS).SequenceEqual("SYS"u8), "signal names"u8);
        Check.That(SignalNames.Number("?"u8) == -1 && SignalNames.Number("TER"u8) == -1 && SignalNames.Number(""u8) == -1, "no signal"u8);
        Check.That(CapabilityNames.Number("CAP_CHECKPOINT_RESTORE"u8) == CAP_LAST_CAP, "capability names"u8);
        Check.That(RlimitNames.Number("RLIMIT_NOFILE"u8) == RLIMIT_NOFILE, "limit names"u8);
        Check.That(major(makedev(0x12345, 0x6789ab)) == 0x12345 && minor(makedev(0x12345, 0x6789ab)) == 0x6789ab, "device numbers"u8);
        Check.That(WIFSIGNALED(9) && !WIFSIGNALED(0x100) && !WIFSIGNALED(0x137f) && WTERMSIG(9) == 9 && WEXITSTATUS(0x300) == 3,
            "wait status"u8);
    }
}

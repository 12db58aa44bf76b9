namespace Engine.Starter;

/// <summary>
/// With "checks": runs every check, prints the name of each that fails and the count, exits 0 if none did. With any other word: does that
/// forbidden thing, and must not come back.
/// </summary>
internal static unsafe class Program
{
    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        if (argc != 2)
            return 2;
        if (CString.Equals(argv[1], "checks"u8))
        {
            Check.Begin();
            LanguageChecks.Run();
            MemoryChecks.Run();
            TextChecks.Run();
            TableChecks.Run();
            SystemChecks.Run(envp, auxv);
            return Check.End();
        }
        Deaths.Die(CString.Span(argv[1]));
        return 3;
    }
}

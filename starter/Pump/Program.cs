namespace Engine.Starter;

/// <summary>Entry of the pump; Rt/Start.cs calls it after relocation.</summary>
internal static unsafe class Program
{
    /// <summary>Runs the program. The result is the exit status.</summary>
    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        Sys.WriteAll(2, "usage: started by the supervisor with its descriptors\n"u8);
        return 1;
    }
}

using Engine.Starter.Stages;

namespace Engine.Starter;

/// <summary>Entry of the starter; Rt/Start.cs calls it after relocation.</summary>
internal static unsafe class Program
{
    /// <summary>
    /// Runs the program: stage 0, and from there whatever the launch record asks for. The result is the exit status. Arguments and
    /// environment are the caller's and are never read.
    /// </summary>
    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv) => Stage0Entry.Run(Start.Auxiliary(auxv, AT_SECURE) != 0);
}

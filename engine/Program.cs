namespace Engine;

/// <summary>Entry point of the unprivileged program.</summary>
internal static class Program
{
    /// <summary>Prints the usage line; 1 is the exit code of a usage error.</summary>
    private static int Main()
    {
        Console.Error.WriteLine("usage: engine oci COMMAND [OPTION]... [ID]");
        return 1;
    }
}

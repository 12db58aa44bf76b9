namespace Engine.Tests.Security.Faults;

/// <summary>The starter that is installed, against one that was built as the broken ones are, without an edit.</summary>
internal static class Release
{
    /// <summary>Not a fault: its build must be the installed one.</summary>
    public static Fault Unchanged { get; } = new("unchanged", "nothing");

    /// <summary>
    /// Null, or what is different. The link's own hash covers debug information, which names directories, and is left out.
    /// </summary>
    public static string? Difference(string scratch)
    {
        var (installed, built) = (Strip(Installation.Starter, Path.Combine(scratch, "installed")), Strip(Path.Combine(FaultTree.Of(Unchanged), "libexec/engine/starter"), Path.Combine(scratch, "built")));
        return installed.SequenceEqual(built) ? null : $"{installed.Length} and {built.Length} bytes differ";
    }

    private static byte[] Strip(string from, string to)
    {
        new Command("/usr/bin/objcopy", "--remove-section", ".note.gnu.build-id", from, to).Run().ShouldExit(0);
        return File.ReadAllBytes(to);
    }
}

namespace Engine.Tests.Security.Faults;

/// <summary>The files of broken builds under out/test/broken/NAME: edited sources in src/, and an installation around the built starter.</summary>
internal static class FaultTree
{
    private static string Root => Path.Combine(Installation.Out, "test", "broken");

    /// <summary>Directory of the installation with the fault.</summary>
    public static string Of(Fault fault) => Path.Combine(Root, fault.Name);

    /// <summary>
    /// Writes the edited sources of every fault, and touches only what is different. Lines that no longer apply are returned.
    /// </summary>
    public static IReadOnlyList<string> WriteSources(IEnumerable<Fault> faults)
    {
        var errors = new List<string>();
        foreach (var fault in faults)
        {
            var files = new Dictionary<string, string>();
            foreach (var edit in fault.Edits)
            {
                var text = files.GetValueOrDefault(edit.File) ?? File.ReadAllText(Path.Combine(Installation.SourceRoot, edit.File));
                if (text.Split(edit.From) is not [var before, var after])
                {
                    errors.Add($"fault {fault.Name}: {edit.File} does not have this text exactly once (tests/Security/Faults/FaultTable.cs must follow the mechanism): {edit.From}");
                    continue;
                }
                files[edit.File] = before + edit.To + after;
            }
            Write(Path.Combine(Of(fault), "src"), files);
        }
        return errors;
    }

    /// <summary>Makes the installation around a built starter: the other programs are links to the real ones.</summary>
    public static void Install(Fault fault)
    {
        var directory = Of(fault);
        if (!File.Exists(Path.Combine(directory, "libexec/engine/starter")))
        {
            throw new InvalidOperationException($"the starter with the fault {fault.Name} is not built (./build.sh test-security)");
        }
        Directory.CreateDirectory(Path.Combine(directory, "bin"));
        Link("bin/engine", directory);
        Link("libexec/engine/pump", directory);
        var runc = Path.Combine(directory, "bin/engine-runc");
        if (!Path.Exists(runc))
        {
            File.CreateSymbolicLink(runc, "engine");
        }
    }

    private static void Link(string file, string directory)
    {
        var (from, to) = (Path.Combine(Installation.Out, file), Path.Combine(directory, file));
        File.Delete(to);
        Native.Check(Native.link(from, to), $"link {to}");
    }

    private static void Write(string directory, Dictionary<string, string> files)
    {
        foreach (var old in Directory.Exists(directory) ? Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).ToList() : [])
        {
            if (!files.ContainsKey(Path.GetRelativePath(directory, old)))
            {
                File.Delete(old);
            }
        }
        foreach (var (name, text) in files)
        {
            var path = Path.Combine(directory, name);
            if (!File.Exists(path) || File.ReadAllText(path) != text)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, text);
            }
        }
    }
}

using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>Base of the tests of settings: runs a payload that reports what it finds, and reads the report.</summary>
public abstract class ConfigTest(Profile profile) : EngineTest(profile)
{
    protected ConfigTest()
        : this(Profile.Root)
    {
    }

    /// <summary>Runs to the end, which must be exit code 0, and returns the payload's lines.</summary>
    protected string[] Lines(Bundle bundle)
    {
        var result = Cli.Oci("run", NewId(), "-b", bundle.Path).ShouldExit(0);
        return result.Text.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
    }

    /// <summary>The create is refused with one line that has these parts, and nothing is left of it.</summary>
    protected void Refused(Bundle bundle, params string[] parts)
    {
        var id = NewId();
        Cli.Oci("create", id, "-b", bundle.Path).ShouldFail(255, parts);
        Assert.False(System.IO.Directory.Exists(Cli.StateDirectory(id)), "a refused create left its state directory");
    }

    /// <summary>Runs a host command that must work and returns what it printed.</summary>
    protected static string Host(string program, params string[] arguments) => new Command(program, arguments).Run().ShouldExit(0).Trimmed;

    /// <summary>A namespace of its own, held open by a process that ends with the test; the answer is its pid.</summary>
    protected int Holder(params string[] unshare)
    {
        var marker = Path.Combine(Directory, $"holder{System.IO.Directory.GetFiles(Directory, "holder*").Length}");
        var command = new Command("/usr/bin/unshare", [.. unshare, "/bin/sh", "-c", "echo ready; read line"]) { Input = null };
        File.WriteAllText(marker, "");
        var running = Owned(command.Start());
        running.WaitForOutput("ready");
        return running.Pid;
    }

    /// <summary>The mountinfo record of a mount point, the topmost one: attributes, propagation fields, type, source, superblock options.</summary>
    protected static MountRecord Mount(IEnumerable<string> mountinfo, string point) =>
        mountinfo.Select(MountRecord.Parse).LastOrDefault(m => m?.Point == point) ?? throw new InvalidDataException($"no mount on {point}:\n{string.Join('\n', mountinfo)}");

    /// <summary>The value of a line <c>name value</c>.</summary>
    protected static string Field(IEnumerable<string> lines, string name) =>
        lines.FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal))?[(name.Length + 1)..]
        ?? throw new InvalidDataException($"no line '{name}':\n{string.Join('\n', lines)}");
}

/// <summary>One line of /proc/PID/mountinfo.</summary>
public sealed record MountRecord(string Root, string Point, string[] Attributes, string[] Propagation, string Type, string[] Superblock)
{
    /// <summary>Null for a line that is none.</summary>
    public static MountRecord? Parse(string line)
    {
        var fields = line.Split(' ');
        var dash = Array.IndexOf(fields, "-");
        return dash < 6 || fields.Length < dash + 4
            ? null
            : new(fields[3], fields[4], fields[5].Split(','), fields[6..dash], fields[dash + 1], fields[dash + 3].Split(','));
    }

    /// <summary>"private", "shared", "slave" or "unbindable"; a shared slave is both, with a blank between.</summary>
    public string Kind => Propagation.Length == 0 ? "private" : string.Join(' ', Propagation.Select(p => p.Split(':')[0] switch { "master" => "slave", var k => k }));
}

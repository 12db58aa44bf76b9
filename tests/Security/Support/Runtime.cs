namespace Engine.Tests.Security.Support;

/// <summary>The commands of a runtime in its dialect, with a state root of the entry's own.</summary>
/// <param name="column">Whose dialect and options.</param>
/// <param name="line">Who types, and the program.</param>
/// <param name="directory">The installation on the host, with bin and libexec; null: another runtime, which has none.</param>
/// <param name="root">State root.</param>
internal sealed class Runtime(Column column, IReadOnlyList<string> line, string? directory, string root)
{
    /// <summary>The installation on the host, with bin and libexec.</summary>
    public string Directory => directory ?? throw new InvalidOperationException($"{line[^1]} has no installation");

    /// <summary>As who types finds it.</summary>
    public string Program => line[^1];

    /// <summary>Not this engine.</summary>
    public bool IsPeer => directory is null;

    public string Root => root;

    public Dialect Dialect => column.Dialect;

    /// <summary>A command that is not started yet.</summary>
    public Command Prepare(params string[] arguments) => Typed(column.Dialect == Dialect.Runc ? ["--root", root, .. arguments] : ["oci", .. arguments]);

    /// <summary>The program with exactly these arguments.</summary>
    public Command Typed(params string[] arguments)
    {
        var command = new Command(line[0], [.. line.Skip(1), .. arguments]) { Seconds = 20 };
        if (column.Dialect == Dialect.Oci)
        {
            command.Environment["ENGINE_ROOT"] = root;
        }
        return command;
    }

    /// <summary>Another program, by who types.</summary>
    public Command As(params string[] words)
    {
        string[] all = [.. line.SkipLast(1), .. words];
        return new Command(all[0], all[1..]) { Seconds = 20 };
    }

    public string[] RunArguments(string id, string bundle, string[] options) => Bundled("run", id, bundle, options);

    public string[] CreateArguments(string id, string bundle, string[] options) => Bundled("create", id, bundle, options);

    private string[] Bundled(string verb, string id, string bundle, string[] options) =>
        [verb, column.Dialect == Dialect.Runc ? "--bundle" : "-b", bundle, .. column.CreateOptions, .. options, id];
}

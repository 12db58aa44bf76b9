namespace Engine.Tests.Security.Support;

/// <summary>The commands of a runtime in its dialect, with a state root of the entry's own.</summary>
internal sealed class Runtime(Column column, string program, string root)
{
    public string Program => program;

    public string Root => root;

    public Dialect Dialect => column.Dialect;

    /// <summary>A command that is not started yet.</summary>
    public Command Prepare(params string[] arguments)
    {
        string[] line = [.. column.Prefix, program, .. column.Dialect == Dialect.Runc ? ["--root", root, .. arguments] : arguments.Prepend("oci")];
        var command = new Command(line[0], line[1..]) { Seconds = 20 };
        if (column.Dialect == Dialect.Oci)
        {
            command.Environment["ENGINE_ROOT"] = root;
        }
        return command;
    }

    public string[] RunArguments(string id, string bundle, string[] options) => Bundled("run", id, bundle, options);

    public string[] CreateArguments(string id, string bundle, string[] options) => Bundled("create", id, bundle, options);

    private string[] Bundled(string verb, string id, string bundle, string[] options) =>
        column.Dialect == Dialect.Runc ? [verb, "--bundle", bundle, .. options, id] : [verb, "-b", bundle, .. options, id];
}

namespace Engine.Tests.Conformance.Runner;

/// <summary>
/// The known failures of one runtime, a line each: <c>ID | VIEWS | REASON</c>. VIEWS is <c>*</c> or some of v1, hybrid and v2; an ID of
/// <c>*</c> says that the runtime does not run in the view at all. Text after <c>#</c> at the start of a line is a comment.
/// </summary>
internal sealed class Expectations
{
    private readonly Dictionary<string, string> _known = [];

    private Expectations()
    {
    }

    public static Expectations None { get; } = new();

    /// <summary>Why the runtime cannot run in this view at all, or null.</summary>
    public string? CannotRun => _known.GetValueOrDefault("*");

    /// <summary>Why the entry is known to fail, or null.</summary>
    public string? Reason(string id) => _known.GetValueOrDefault(id);

    /// <summary>Reads the lines that are about <paramref name="view"/>. An id that no entry has is an error of the file.</summary>
    public static Expectations Read(string path, string view, IReadOnlySet<string> ids)
    {
        var expectations = new Expectations();
        foreach (var (line, number) in File.ReadLines(path).Select((l, i) => (l.Trim(), i + 1)))
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            var columns = line.Split('|', 3, StringSplitOptions.TrimEntries);
            if (columns.Length != 3 || columns[2].Length == 0 || (columns[0] != "*" && !ids.Contains(columns[0])))
            {
                throw new InvalidDataException($"{path}:{number}: not 'ID | VIEWS | REASON' with the id of an entry: {line}");
            }
            if (columns[1] == "*" || columns[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(view))
            {
                expectations._known[columns[0]] = columns[2];
            }
        }
        return expectations;
    }
}

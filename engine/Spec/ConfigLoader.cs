using System.Text.Unicode;
using Engine.Diagnostics;

namespace Engine.Spec;

/// <summary>
/// Documents of the specification, from bytes to records. Whatever the bytes are, the outcome is a record or a
/// <see cref="ConfigException"/> that names file, line and JSON path.
/// </summary>
/// <remarks>
/// Stricter than JSON in four points, each refused with its reason: a byte order mark, duplicate names, NUL in text, and
/// null (Go callers leave out what they do not set). Property names are compared exactly. Unknown properties are ignored.
/// </remarks>
public static class ConfigLoader
{
    /// <summary>Largest document. A config.json is a few ten KiB; annotations are what could make it grow.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>config.json that has the schema. Says nothing about whether it can be run: <see cref="LoadRunnable"/>.</summary>
    /// <param name="utf8">The whole document.</param>
    /// <param name="file">How messages name it.</param>
    public static RuntimeSpec Load(ReadOnlySpan<byte> utf8, string file) => Read(utf8, file, Schema.Config, SpecReader.Runtime);

    /// <summary>config.json that this engine can run on this host.</summary>
    /// <param name="warnings">What is odd, and still can be run; with lines.</param>
    public static RuntimeSpec LoadRunnable(ReadOnlySpan<byte> utf8, string file, HostFacts host, out IReadOnlyList<ConfigError> warnings)
    {
        var spec = Load(utf8, file);
        var findings = Validator.Validate(spec, host);
        warnings = WithLines(utf8, findings.Warnings);
        Refuse(utf8, file, findings.Errors);
        return spec;
    }

    /// <summary>A process by itself, as exec takes it, checked.</summary>
    public static ProcessSpec LoadProcess(ReadOnlySpan<byte> utf8, string file)
    {
        var process = Read(utf8, file, Schema.Process, SpecReader.Process);
        Refuse(utf8, file, Validator.ValidateProcess(process).Errors);
        return process;
    }

    /// <summary>linux.resources by itself, as update takes it, checked.</summary>
    public static ResourcesSpec LoadResources(ReadOnlySpan<byte> utf8, string file)
    {
        var resources = Read(utf8, file, SchemaLinux.Resources, SpecReader.Resources);
        Refuse(utf8, file, Validator.ValidateResources(resources).Errors);
        return resources;
    }

    /// <summary>A list of mounts by itself, checked as further mounts of a container that runs.</summary>
    /// <param name="container">The container's configuration.</param>
    /// <param name="warnings">What is odd, and still can be done.</param>
    /// <returns>The container's configuration with these mounts in place of its own.</returns>
    public static RuntimeSpec LoadAdditions(ReadOnlySpan<byte> utf8, string file, RuntimeSpec container, out IReadOnlyList<ConfigError> warnings)
    {
        var spec = container with { Mounts = Read(utf8, file, Schema.Mounts, SpecReader.Mounts) };
        var findings = new Findings();
        MountChecks.Additions(spec, findings);
        warnings = WithLines(utf8, findings.Warnings);
        Refuse(utf8, file, findings.Errors);
        return spec;
    }

    /// <summary>A list of mounts by itself, checked as mounts to take away from a container that runs: only destinations count.</summary>
    public static MountSpec[] LoadRemovals(ReadOnlySpan<byte> utf8, string file)
    {
        var mounts = Read(utf8, file, Schema.Mounts, SpecReader.Mounts);
        var findings = new Findings();
        MountChecks.Removals(mounts, findings);
        Refuse(utf8, file, findings.Errors);
        return mounts;
    }

    /// <summary>A state document.</summary>
    public static StateSpec LoadState(ReadOnlySpan<byte> utf8, string file) => Read(utf8, file, Schema.State, SpecReader.State);

    /// <summary>The bytes of a document, at most one more than <see cref="MaxBytes"/>: the loader then refuses them.</summary>
    public static byte[] ReadBounded(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            var read = stream.Read(buffer, length, Math.Min(buffer.Length, MaxBytes + 1) - length);
            length += read;
            if (read == 0 || length > MaxBytes)
                return buffer[..length];
            if (length == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    /// <summary>Any document: its bytes checked, its schema, then its record.</summary>
    /// <exception cref="ConfigException">It has not the shape; every error, with line and path.</exception>
    internal static T Read<T>(ReadOnlySpan<byte> utf8, string file, Shape shape, JsonTokens.Value<T> reader)
    {
        CheckEncoding(utf8, file);
        var errors = DocumentCheck.Run(utf8, shape);
        if (errors.Count > 0)
            throw new ConfigException(file, errors);
        try
        {
            return JsonTokens.Document(utf8, reader);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            // The schema let a value pass that its record cannot hold: a mistake of ours, and no reason to fall over.
            throw Bad(file, Quote.Line(e.Message));
        }
    }

    private static void CheckEncoding(ReadOnlySpan<byte> utf8, string file)
    {
        if (utf8.Length > MaxBytes)
            throw Bad(file, $"larger than {MaxBytes} bytes");
        if (utf8.IsEmpty)
            throw Bad(file, "empty");
        if (utf8.StartsWith("\uFEFF"u8))
            throw Bad(file, "begins with a byte order mark; save it as UTF-8 without one", 1);
        if (!Utf8.IsValid(utf8))
            throw Bad(file, "not UTF-8", FirstBadLine(utf8));
    }

    private static int FirstBadLine(ReadOnlySpan<byte> utf8)
    {
        var line = 1;
        foreach (var range in utf8.Split((byte)'\n'))
        {
            // A line feed is never part of a longer UTF-8 sequence, so the first bad line is bad by itself.
            if (!Utf8.IsValid(utf8[range]))
                break;
            line++;
        }
        return line;
    }

    private static void Refuse(ReadOnlySpan<byte> utf8, string file, IReadOnlyList<ConfigError> errors)
    {
        if (errors.Count > 0)
            throw new ConfigException(file, WithLines(utf8, errors));
    }

    // The checks work on records, which know no lines; the map is built only when there is something to say.
    private static IReadOnlyList<ConfigError> WithLines(ReadOnlySpan<byte> utf8, IReadOnlyList<ConfigError> errors)
    {
        if (errors.Count == 0)
            return errors;
        var positions = DocumentCheck.Positions(utf8, errors.SelectMany(error => JsonPath.WithParents(error.JsonPath)));
        var located = new List<ConfigError>(errors.Count);
        foreach (var error in errors)
            located.Add(error with { Line = LineOf(utf8, positions, error.JsonPath) });
        return located;
    }

    // What is missing has no place; what should contain it has.
    private static int LineOf(ReadOnlySpan<byte> utf8, Dictionary<string, long> positions, string path)
    {
        while (path.Length > 0)
        {
            if (positions.GetValueOrDefault(path, -1) is >= 0 and var offset)
                return DocumentCheck.LineOf(utf8, offset);
            path = JsonPath.Parent(path);
        }
        return 1;
    }

    private static ConfigException Bad(string file, string message, int line = 0) => new(file, [new ConfigError("", message, line)]);
}

namespace Engine.Diagnostics;

/// <summary>One thing wrong with a configuration.</summary>
/// <param name="JsonPath">As <c>process.rlimits[0].type</c>; empty for the document itself.</param>
/// <param name="Message">What is wrong, with the value; one line.</param>
/// <param name="Line">From 1; 0 when it is not known.</param>
public sealed record ConfigError(string JsonPath, string Message, int Line = 0);

/// <summary>A configuration that is refused: every error found, in the order of the document or of the checks.</summary>
public sealed class ConfigException : EngineException
{
    public ConfigException(string file, IReadOnlyList<ConfigError> errors)
        : base(Summary(file, errors))
    {
        File = file;
        Errors = errors;
    }

    /// <summary>Name of the document, as messages show it.</summary>
    public string File { get; }

    /// <summary>At least one.</summary>
    public IReadOnlyList<ConfigError> Errors { get; }

    /// <summary>Every error as <c>config.json:12: process.rlimits[0].type: …</c>.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            foreach (var error in Errors)
                yield return Format(File, error);
        }
    }

    private static string Summary(string file, IReadOnlyList<ConfigError> errors)
    {
        var first = Format(file, errors[0]);
        return errors.Count == 1 ? first : $"{first} (and {errors.Count - 1} more)";
    }

    private static string Format(string file, ConfigError error)
    {
        var place = error.Line > 0 ? $"{file}:{error.Line}: " : $"{file}: ";
        return error.JsonPath.Length > 0 ? $"{place}{error.JsonPath}: {error.Message}" : place + error.Message;
    }
}

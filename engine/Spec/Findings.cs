using Engine.Diagnostics;

namespace Engine.Spec;

/// <summary>What the checks found: errors forbid, warnings are for the log.</summary>
public sealed class Findings
{
    private readonly List<ConfigError> _errors = [];
    private readonly List<ConfigError> _warnings = [];

    /// <summary>In the order of the checks. Lines are filled in by <see cref="ConfigLoader"/>.</summary>
    public IReadOnlyList<ConfigError> Errors => _errors;
    public IReadOnlyList<ConfigError> Warnings => _warnings;

    /// <summary>
    /// An unknown capability is a warning and not granted, as the specification has it for a configuration (config.md, Linux Process): whoever
    /// wrote it may know more capabilities than this kernel. Who asks for a process by itself is told that there is none.
    /// </summary>
    public bool ForgivesCapabilities { get; init; }

    /// <param name="path">JSON path, as <see cref="JsonPath"/> spells it.</param>
    /// <param name="message">What is wrong and, where it helps, what to write instead.</param>
    public void Error(string path, string message)
    {
        if (_errors.Count < DocumentCheck.MaxErrors)
            _errors.Add(new ConfigError(path, message));
    }

    public void Warn(string path, string message)
    {
        if (_warnings.Count < DocumentCheck.MaxErrors)
            _warnings.Add(new ConfigError(path, message));
    }
}

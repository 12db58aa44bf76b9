using Engine.Diagnostics;

namespace Engine.Cgroups;

/// <summary>A cgroup request that cannot be honoured. The message names the JSON path or the file, and says what to do where something can be done.</summary>
public sealed class CgroupException(string message, string? advice = null, Exception? inner = null)
    : EngineException(advice is null ? message : message + "; " + advice, Diagnostics.ExitCode.Failure, inner);

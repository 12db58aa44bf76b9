using Engine.Diagnostics;

namespace Engine.Seccomp;

/// <summary>A compiled filter.</summary>
/// <param name="Program">struct sock_filter[], 8 bytes each, in this machine's byte order; at most BPF_MAXINSNS of them.</param>
/// <param name="Flags">SECCOMP_FILTER_FLAG_* for seccomp(2), to be given by the process that loads the program.</param>
/// <param name="Notes">System calls that the profile names and libseccomp does not know, with their JSON paths.</param>
public sealed record SeccompFilter(byte[] Program, uint Flags, IReadOnlyList<string> Notes);

/// <summary>A profile that cannot be honoured as it is written. The message names the JSON path, and says what to do where something can be done.</summary>
public sealed class SeccompException(string message, string? advice = null, Exception? inner = null)
    : EngineException(advice is null ? message : message + "; " + advice, Diagnostics.ExitCode.Failure, inner);

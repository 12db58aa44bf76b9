namespace Engine.Tests.Conformance.Runner;

/// <summary>One requirement and its proof.</summary>
/// <param name="Id">Stable name, dotted, from the general to the particular; result files and lists of known failures refer to it.</param>
/// <param name="Section">File and heading of the OCI runtime specification 1.3.0, or <c>runc CLI</c> for what callers of runc rely on.</param>
/// <param name="Must">What the runtime must do, in one line.</param>
/// <param name="Prove">Runs the runtime. Throws what xunit's Assert throws when the requirement does not hold, <see cref="SkipException"/> when
/// this machine cannot tell.</param>
internal sealed record Entry(string Id, string Section, string Must, Action<Scenario> Prove);

/// <summary>The machine, not the runtime, keeps the entry from being proved.</summary>
internal sealed class SkipException(string reason) : Exception(reason);

internal enum Outcome
{
    Ok,
    Fail,
    Skip,
}

/// <summary>What became of an entry. <paramref name="Reason"/> is empty for <see cref="Outcome.Ok"/>; else one or several lines.</summary>
internal sealed record Result(Entry Entry, Outcome Outcome, string Reason, long Milliseconds);

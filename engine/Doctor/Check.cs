namespace Engine.Doctor;

/// <summary>One prerequisite, as it was found.</summary>
/// <param name="Workflow">root, setuid, rootless, or all.</param>
/// <param name="Name">What was looked at: a file, a sysctl, a program.</param>
/// <param name="IsMet">False when it stands in the way, or takes something away.</param>
/// <param name="Found">What is there.</param>
/// <param name="Advice">What to install or set; null when it is met.</param>
public sealed record Check(string Workflow, string Name, bool IsMet, string Found, string? Advice = null);

/// <summary>One workflow.</summary>
/// <param name="Name">root, setuid or rootless.</param>
/// <param name="Works">A container can be made with it, by this user and now.</param>
/// <param name="Why">How far it goes, or what keeps it from working.</param>
public sealed record Offer(string Name, bool Works, string Why);

/// <summary>Everything that was found.</summary>
public sealed record Report(IReadOnlyList<Offer> Workflows, IReadOnlyList<Check> Checks);

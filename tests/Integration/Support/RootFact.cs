namespace Engine.Tests.Integration.Support;

/// <summary>What a test needs of the machine; what is missing becomes the reason of its skip.</summary>
[Flags]
public enum Needs
{
    /// <summary>Root, the built programs and busybox.</summary>
    Engine = 0,

    /// <summary>The probe payload (tests/Probe).</summary>
    Probe = 1,

    /// <summary>Debian's runc, as the reference that tests the tests.</summary>
    Runc = 2,

    /// <summary>Root alone: the test does not start the engine.</summary>
    RootOnly = 4,

    /// <summary>strace.</summary>
    Strace = 8,

    /// <summary>Python with msgpack.</summary>
    Python = 16,
}

/// <summary>A test of the root workflow. Without root, or without what it needs, it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute(Needs needs = Needs.Engine) => Skip = Requirement.Missing(needs);
}

/// <summary>As <see cref="RootFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute(Needs needs = Needs.Engine) => Skip = Requirement.Missing(needs);
}

internal static class Requirement
{
    private static readonly (Needs Need, Func<bool> Present, string Why)[] Table =
    [
        (Needs.Probe, () => File.Exists(Installation.Probe), "the probe is not built (./build.sh test)"),
        (Needs.Runc, () => Installation.Find("runc") is not null, "runc is not installed"),
        (Needs.Strace, () => Installation.Find("strace") is not null, "strace is not installed"),
        (Needs.Python, () => Installation.Find("python3") is not null, "python3 is not installed"),
    ];

    /// <summary>The reason to skip, or null.</summary>
    public static string? Missing(Needs needs)
    {
        if (!Installation.IsRoot)
        {
            return "skipped: needs root (the root workflow)";
        }
        if (!File.Exists(Installation.Busybox))
        {
            return "skipped: busybox-static is not installed (./build.sh deps test)";
        }
        // A missing engine is no reason to skip: build.sh builds it, so its absence is a failure of the test.
        var missing = Table.FirstOrDefault(row => needs.HasFlag(row.Need) && !row.Present());
        return missing.Why is null ? null : $"skipped: {missing.Why}";
    }
}

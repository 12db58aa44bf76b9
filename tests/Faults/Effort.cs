namespace Engine.Tests.Faults;

/// <summary>How much an entry does that could go on for hours.</summary>
internal static class Effort
{
    /// <summary>Everything, whatever it takes (<c>--long</c>).</summary>
    public static bool IsLong { get; set; }

    /// <summary>What a part of everything is chosen by.</summary>
    public static int Seed { get; set; } = 1;
}

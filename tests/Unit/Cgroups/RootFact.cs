namespace Engine.Tests.Unit.Cgroups;

/// <summary>A test that changes something only root may change; skipped, and said so, for everybody else.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
            Skip = "needs root";
    }
}

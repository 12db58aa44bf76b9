namespace Engine.Starter.Stages;

/// <summary>How this process came by its privilege. Decided once, by stage 0; docs/privileges.md has the table.</summary>
internal enum Workflow
{
    None = 0,

    /// <summary>uid 0 that simply is: the config decides.</summary>
    Root = 1,

    /// <summary>An ordinary user through the set-uid bit: the caller's every word is hostile.</summary>
    Setuid = 2,

    /// <summary>An ordinary user without privilege: the kernel decides.</summary>
    Rootless = 4,
}

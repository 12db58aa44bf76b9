namespace Engine.Cgroups;

/// <summary>The freezer as the caller's own commands touch it when no supervisor can: only ever to thaw what is about to be killed.</summary>
public static class CgroupFreezer
{
    /// <summary>
    /// Thaws. On v1 a frozen process takes its SIGKILL only once it is thawed; on v2 it dies frozen, and nothing is
    /// written. A directory that is gone is fine.
    /// </summary>
    public static void Thaw(IReadOnlyList<CgroupSlot> slots)
    {
        foreach (CgroupSlot slot in slots)
        {
            if (slot.Version == CgroupVersion.V1 && slot.Controllers.Contains("freezer"))
            {
                try
                {
                    File.WriteAllText(Path.Combine(slot.Directory, "freezer.state"), "THAWED");
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // Without the directory nothing is frozen; anything else shows when the process does not end.
                }
            }
        }
    }
}

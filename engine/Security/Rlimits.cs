using System.Text;
using Engine.Shared.Linux;

namespace Engine.Security;

/// <summary>Resource limits by name.</summary>
public static class Rlimits
{
    /// <summary>RLIMIT_NOFILE to 7.</summary>
    public static bool TryNumber(string name, out int number)
    {
        number = RlimitNames.Number(Encoding.UTF8.GetBytes(name));
        return number >= 0;
    }
}

using Engine.Diagnostics;
using Engine.Security;

namespace Engine.Lifecycle;

/// <summary>Names, sysctls, masked and read-only paths: what is set once the root is entered.</summary>
public static class IsolationSteps
{
    internal static void Add(CreationPlan plan, PlanInput input)
    {
        if (!string.IsNullOrEmpty(input.Config.Hostname))
        {
            plan.Container("SetHostname", input.Config.Hostname, "hostname", stage => stage.SetHostname(input.Config.Hostname, "hostname"));
        }

        if (!string.IsNullOrEmpty(input.Config.Domainname))
        {
            plan.Container("SetDomainname", input.Config.Domainname, "domainname", stage => stage.SetDomainname(input.Config.Domainname, "domainname"));
        }

        foreach ((string key, string value) in input.Linux.Sysctl)
        {
            string jsonPath = $"linux.sysctl[\"{key}\"]";
            if (!Sysctl.TryCanonical(key, out string? path))
            {
                throw new EngineException($"config.json: {jsonPath}: not a sysctl key");
            }

            plan.Container("SetSysctl", $"{key} = {value}", jsonPath, stage => stage.SetSysctl(path, value, jsonPath));
        }

        for (int i = 0; i < input.Linux.ReadonlyPaths.Length; i++)
        {
            string path = input.Linux.ReadonlyPaths[i];
            string jsonPath = $"linux.readonlyPaths[{i}]";
            plan.Container("ReadonlyPath", path, jsonPath, stage => stage.ReadonlyPath(path, jsonPath));
        }

        for (int i = 0; i < input.Linux.MaskedPaths.Length; i++)
        {
            string path = input.Linux.MaskedPaths[i];
            string jsonPath = $"linux.maskedPaths[{i}]";
            plan.Container("MaskPath", path, jsonPath, stage => stage.MaskPath(path, jsonPath));
        }
    }
}

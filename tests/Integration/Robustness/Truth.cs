using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>What <c>state</c> says, held against the processes.</summary>
internal static class Truth
{
    /// <summary>
    /// Waits until the status is one that the processes confirm, and returns it; null when there is no such container. What an
    /// instant ago was true is no lie, so it is asked again; what stays wrong is.
    /// </summary>
    public static string? Status(EngineCli cli, string id)
    {
        string? status = null;
        var last = "";
        Eventually.True(() => Confirmed(cli, id, out status, out last), () => $"a state of {id} that is true; {last}", 30);
        return status;
    }

    private static bool Confirmed(EngineCli cli, string id, out string? status, out string seen)
    {
        status = null;
        var result = cli.Oci("state", id);
        seen = result.ToString();
        if (result.ExitCode != 0)
        {
            return result.ShouldFail(255, "does not exist").ExitCode == 255;
        }
        var state = JsonNode.Parse(result.Text)!;
        status = (string)state["status"]!;
        var pid = (int?)state["pid"];
        var lives = pid is { } p && ProcFs.Lives(p);
        seen += $"\npayload {(lives ? "lives" : "is dead")}, frozen: {lives && IsFrozen(pid!.Value)}";
        return status switch
        {
            "creating" => false,
            "created" => lives && ProcFs.Read(pid!.Value, "comm") == "starter:[4:con]\n",
            "running" => lives && !IsFrozen(pid!.Value),
            "paused" => lives && IsFrozen(pid!.Value),
            "stopped" => !lives,
            _ => false,
        };
    }

    /// <summary>Whether the process's cgroup is frozen, in whichever hierarchy has the freezer.</summary>
    private static bool IsFrozen(int pid)
    {
        foreach (var line in (ProcFs.Read(pid, "cgroup") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':', 3);
            foreach (var hierarchy in TestRun.Hierarchies)
            {
                var v1 = $"{hierarchy}{parts[2]}/freezer.state";
                var v2 = $"{hierarchy}{parts[2]}/cgroup.freeze";
                if ((parts[1] == "freezer" && Holds(v1, "FROZEN")) || (parts[1].Length == 0 && Holds(v2, "1")))
                {
                    return true;
                }
            }
        }
        return false;
    }

    private static bool Holds(string file, string value)
    {
        try
        {
            return File.ReadAllText(file).Trim() == value;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

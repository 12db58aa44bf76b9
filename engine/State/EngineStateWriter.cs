using System.Text.Json;
using Engine.Spec;

namespace Engine.State;

/// <summary>The engine's own part of state.json, written by hand for the reason that <see cref="StateReader"/> has.</summary>
internal static class EngineStateWriter
{
    /// <summary>One object; what is null is left out.</summary>
    public static void Write(Utf8JsonWriter json, EngineState engine)
    {
        json.WriteStartObject();
        json.WriteNumber("version", engine.Version);
        json.WriteString("bootId", engine.BootId);
        if (engine.BootOffset is long offset)
        {
            json.WriteNumber("bootOffset", offset);
        }

        json.WriteBoolean("unmonitored", engine.Unmonitored);
        json.WriteBoolean("instance", engine.Instance);
        JsonText.Text(json, "workflow", engine.Workflow);
        json.WriteBoolean("terminal", engine.Terminal);
        JsonText.Text(json, "logPath", engine.LogPath);
        JsonText.Text(json, "logFormat", engine.LogFormat);
        JsonText.Text(json, "pidFile", engine.PidFile);
        json.WriteNumber("uid", engine.Uid);
        json.WriteString("rootfs", engine.Rootfs);
        json.WriteStartArray("cgroups");
        foreach (CgroupRecord cgroup in engine.Cgroups)
        {
            json.WriteStartObject();
            json.WriteString("mountpoint", cgroup.Mountpoint);
            json.WriteString("path", cgroup.Path);
            json.WriteBoolean("unified", cgroup.Unified);
            json.WriteBoolean("freezer", cgroup.Freezer);
            JsonText.Texts(json, "controllers", cgroup.Controllers);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        JsonText.Text(json, "systemdUnit", engine.SystemdUnit);
        JsonText.Texts(json, "resctrlGroups", engine.ResctrlGroups);
        JsonText.Text(json, "resctrlOwn", engine.ResctrlOwn);
        json.WriteEndObject();
    }
}

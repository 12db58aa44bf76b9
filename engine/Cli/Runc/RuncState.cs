using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>A state document with runc's members in runc's order: those of the specification, then rootfs, created and owner.</summary>
public static class RuncState
{
    /// <summary>How JSON looks here: indented by two spaces for state, one line for list.</summary>
    public static JsonWriterOptions Options(bool indented) =>
        new() { Indented = indented, IndentSize = 2, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the object.</summary>
    /// <param name="owner">Who created it; empty as runc's state has it.</param>
    public static void Write(Utf8JsonWriter json, StateDocument state, string owner)
    {
        json.WriteStartObject();
        json.WriteString("ociVersion", state.OciVersion);
        json.WriteString("id", state.Id);
        json.WriteNumber("pid", Pid(state));
        json.WriteString("status", state.Status);
        json.WriteString("bundle", state.Bundle);
        json.WriteString("rootfs", state.Engine?.Rootfs ?? "");
        json.WriteString("created", Created(state));
        if (state.Annotations is { Count: > 0 } annotations)
        {
            json.WriteStartObject("annotations");
            foreach ((string key, string value) in annotations.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        json.WriteString("owner", owner);
        json.WriteEndObject();
    }

    /// <summary>Text of what <paramref name="write"/> writes.</summary>
    public static string Text(bool indented, Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options(indented)))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>The pid while there is a process, else 0.</summary>
    public static int Pid(StateDocument state) => state.Status == ContainerStatus.Stopped ? 0 : state.Pid ?? 0;

    /// <summary>Go's RFC3339Nano: a fraction without zeros at its end, none when it is 0.</summary>
    public static string Created(StateDocument state)
    {
        long nanoseconds = state.CreatedAt ?? 0;
        string seconds = DateTimeOffset.FromUnixTimeSeconds(nanoseconds / 1_000_000_000).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        string fraction = (nanoseconds % 1_000_000_000).ToString("d9", CultureInfo.InvariantCulture).TrimEnd('0');
        return fraction.Length == 0 ? seconds + "Z" : $"{seconds}.{fraction}Z";
    }

    /// <summary>Name of the user who created it, #UID when it has none here.</summary>
    public static string Owner(StateDocument state)
    {
        uint uid = state.Engine?.Uid ?? 0;
        return UserName(uid) ?? string.Create(CultureInfo.InvariantCulture, $"#{uid}");
    }

    private static string? UserName(uint uid)
    {
        try
        {
            using SafeFd file = Files.Open("/etc/passwd", Engine.Shared.Linux.fcntl_h.O_RDONLY);
            return AccountFile.UserName(Files.ReadAll(file, "/etc/passwd", UserLookup.MaxFileBytes), uid);
        }
        catch (SyscallException)
        {
            return null;
        }
    }
}

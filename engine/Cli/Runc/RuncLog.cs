using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Cli.Runc;

/// <summary>
/// The log of one command, in the forms of logrus, which the callers of runc read. At a failure a log of JSON holds exactly
/// one object: podman takes the whole file for the error. So warnings wait, and are written when the command succeeds.
/// </summary>
public sealed class RuncLog : IDisposable
{
    private const int LogFileMode = 0x1a4;
    private const int StandardError = 2;

    private readonly List<string> _warnings = [];
    private SafeFd? _file;
    private string? _ident;
    private bool _json;
    private bool _debug;

    /// <summary>Opens what the options name. Before that, and without --log, everything goes to standard error as text.</summary>
    /// <exception cref="EngineException">An unknown format, or a file that cannot be opened.</exception>
    public void Open(RuncGlobals globals)
    {
        _json = globals.LogFormat switch
        {
            "text" or "" => false,
            "json" => true,
            _ => throw new EngineException($"invalid log-format: {Printable.Of(globals.LogFormat)}"),
        };
        _debug = globals.IsDebug;
        if (globals.Log is not { } target)
        {
            return;
        }

        if (Behind(target, "syslog:") is { } ident)
        {
            _ident = ident.Length == 0 ? RuncProgram.Name : ident;
            return;
        }

        if (Behind(target, "journald:") is not null)
        {
            throw new EngineException($"--log {Printable.Of(target)}: the journal is not supported; use syslog:IDENT, which journald reads as well");
        }

        string path = Path.GetFullPath(Behind(target, "file:") ?? target);
        try
        {
            _file = Files.Open(path, fcntl_h.O_WRONLY | fcntl_h.O_CREAT | fcntl_h.O_APPEND, LogFileMode);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"open {Printable.Of(path)}: {ErrnoText.Describe(error.Errno)}", inner: error);
        }
    }

    /// <summary>Something that the command survives.</summary>
    public void Warning(string text) => _warnings.Add(text);

    /// <summary>
    /// The command succeeded: what was kept back is written. Standard error may be the payload's or be taken for a failure by the caller;
    /// without a log there is none of it unless --debug asks.
    /// </summary>
    public void Succeeded()
    {
        if (_file is null && _ident is null && !_debug)
        {
            return;
        }

        foreach (string warning in _warnings)
        {
            Write("warning", warning);
        }
    }

    /// <summary>The one record of a failure; on standard error, too, for whoever looks there.</summary>
    public void Failed(string text)
    {
        Write("error", text);
        if (_file is not null || _ident is not null)
        {
            Console.Error.WriteLine(text);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Write(string level, string text)
    {
        if (_ident is not null)
        {
            SystemLog.Write(_ident, isError: level == "error", text);
            return;
        }

        string time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        int fd = _file?.Value ?? StandardError;
        byte[] line = _json ? Json(level, text, time) : Encoding.UTF8.GetBytes(_file is null && Terminals.IsTerminal(fd) ? ForTerminal(level, text) : Plain(level, text, time));
        try
        {
            Files.WriteAll(fd, line, "log");
        }
        catch (SyscallException)
        {
            // Nobody reads it; the exit code says the rest.
        }
    }

    private static byte[] Json(string level, string text, string time)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("level", level);
            json.WriteString("msg", text);
            json.WriteString("time", time);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Plain(string level, string text, string time) => $"time=\"{time}\" level={level} msg={(NeedsQuotes(text) ? Quote.Whole(text) : text)}\n";

    private static string ForTerminal(string level, string text)
    {
        (int color, string name) = level == "error" ? (31, "ERRO") : (33, "WARN");
        return $"\e[{color}m{name}\e[0m[0000] {Printable.Of(text),-44} \n";
    }

    private static bool NeedsQuotes(string text) => text.Length == 0 || text.Any(c => !char.IsAsciiLetterOrDigit(c) && !"-._/@^+".Contains(c));

    private static string? Behind(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
}

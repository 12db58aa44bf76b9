using System.Globalization;
using System.IO.Pipes;
using System.Text;
using System.Text.RegularExpressions;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>
/// The real pump with this test as its supervisor and as the payload: pipes or a terminal, a log, an attach socket. It runs as
/// an unprivileged user without capabilities, as the supervisor would start it.
/// </summary>
internal sealed partial class PumpRun : IDisposable
{
    /// <summary>The user that it runs as.</summary>
    public const uint Uid = 65533;

    private static int _count;

    private readonly List<IDisposable> _owned = [];
    private readonly List<(PumpDescriptor Kind, SafeFd Fd)> _descriptors = [];
    private readonly string _directory = Path.Combine(TestRun.Directory, $"pump{++_count}");
    private FdChannel _supervisor = null!;

    /// <summary>Makes everything and starts the pump.</summary>
    /// <param name="terminal">A terminal instead of pipes.</param>
    /// <param name="log">The log, instead of a file of this run.</param>
    public PumpRun(LogFormat format = LogFormat.Kubernetes, uint ring = 65536, bool terminal = false, SafeFd? log = null)
    {
        _ = TestRun.Cgroup;
        Directory.CreateDirectory(_directory);
        Format = format;
        Ring = ring;
        if (terminal)
        {
            MakeTerminal();
        }
        else
        {
            MakePipes();
        }

        Add(PumpDescriptor.Log, log ?? OpenLog());
        using SafeFd directory = Files.OpenDirectory(_directory);
        Add(PumpDescriptor.Attach, UnixSockets.Listen(directory, "attach.sock", 128));
        Start();
    }

    public LogFormat Format { get; }

    public uint Ring { get; }

    /// <summary>Path of the log.</summary>
    public string LogPath => Path.Combine(_directory, "log");

    /// <summary>Path of the attach socket.</summary>
    public string SocketPath => Path.Combine(_directory, "attach.sock");

    /// <summary>The payload's stdin.</summary>
    public Stream Stdin { get; private set; } = null!;

    /// <summary>The payload's stdout.</summary>
    public Stream Stdout { get; private set; } = null!;

    /// <summary>The payload's stderr.</summary>
    public Stream Stderr { get; private set; } = null!;

    /// <summary>The payload's side of the terminal: a path that can be opened again.</summary>
    public string TerminalPath { get; private set; } = "";

    public SpawnedProcess Process { get; private set; } = null!;

    /// <summary>The log as it is now.</summary>
    public byte[] LogBytes => File.ReadAllBytes(LogPath);

    /// <summary>The log with every time replaced by T, after a check that it is one.</summary>
    public string Log => Time().Replace(Encoding.Latin1.GetString(LogBytes), "T");

    /// <summary>A client of the attach socket.</summary>
    public AttachClient Attach(bool framed = true, bool reads = true) => Owned(new AttachClient(SocketPath, framed, reads));

    /// <summary>A framed client whose handshake is over.</summary>
    public AttachClient AttachReady()
    {
        var client = Attach();
        Eventually.True(() => client.Frames.Any(f => f.Tag == AttachFrame.ReplayEnd), "the end of the replay");
        return client;
    }

    /// <summary>Writes as the payload and, when told, waits until the log has it all.</summary>
    public void Write(string text) => Stdout.Write(Encoding.Latin1.GetBytes(text));

    /// <summary>Waits until the log contains the text.</summary>
    public void WaitForLog(string text) => Eventually.True(() => Log.Contains(text, StringComparison.Ordinal), () => $"'{text}' in the log:\n{Log}");

    /// <summary>The payload ends: its streams are closed and the pump is told. Returns the pump's exit code.</summary>
    public int End(int code = 0)
    {
        ClosePayload();
        SendExited(code);
        return WaitForEnd();
    }

    public void ClosePayload()
    {
        Stdout.Dispose();
        Stderr.Dispose();
        Stdin.Dispose();
    }

    public void SendExited(int code) => Send(new PumpNote { Kind = (uint)PumpNoteKind.Exited, Value = code });

    /// <summary>Gives it another log.</summary>
    public void SendLog(SafeFd log) => Send(new PumpNote { Kind = (uint)PumpNoteKind.Log }, log.Value);

    /// <summary>The supervisor dies.</summary>
    public void LoseSupervisor() => _supervisor.Dispose();

    /// <summary>What the pump has told its supervisor, waiting for it.</summary>
    public PumpNoteKind Receive()
    {
        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, _supervisor.Receive(message, 20_000));
        message.Read(out PumpNote note);
        return (PumpNoteKind)note.Kind;
    }

    public int WaitForEnd()
    {
        Assert.True(Process.WaitForEnd(TimeSpan.FromSeconds(60)), "the pump did not end");
        return Process.Exit!.Value.Code;
    }

    /// <summary>SIGKILL, and a new pump on the same descriptors, as the supervisor replaces it.</summary>
    public void Replace()
    {
        Pidfds.Signal(Process.Pidfd, signal_h.SIGKILL);
        Assert.True(Process.WaitForEnd(TimeSpan.FromSeconds(20)));
        Process.Dispose();
        _supervisor.Dispose();
        Start();
    }

    /// <summary>The supervisor closes its duplicate of a descriptor.</summary>
    public void Release(PumpDescriptor kind)
    {
        int at = _descriptors.FindIndex(d => d.Kind == kind);
        _descriptors[at].Fd.Dispose();
        _descriptors.RemoveAt(at);
    }

    /// <summary>A log file that nothing is in.</summary>
    public SafeFd OpenLog() => Files.Open(LogPath, fcntl_h.O_RDWR | fcntl_h.O_APPEND | fcntl_h.O_CREAT, 0x1a0);

    public T Owned<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    public void Dispose()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }

        if (Process.Exit is null)
        {
            Pidfds.Signal(Process.Pidfd, signal_h.SIGKILL);
            Process.WaitForEnd(TimeSpan.FromSeconds(20));
        }

        Process.Dispose();
        ClosePayload();
        _supervisor.Dispose();
        _descriptors.ForEach(d => d.Fd.Dispose());
        SafeTree.Delete(_directory);
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")]
    private static partial Regex Time();

    private void Start()
    {
        // 10 names the program whatever the directories above it allow that user; the pump closes it.
        using SafeFd pump = Files.Open(Installation.Pump, fcntl_h.O_RDONLY);
        using SafeFd setpriv = Files.Open(Installation.Find("setpriv")!, fcntl_h.O_RDONLY);
        var (ours, theirs) = FdChannel.Pair();
        string uid = Uid.ToString(CultureInfo.InvariantCulture);
        using (theirs)
        {
            Process = SpawnedProcess.Start(
                setpriv,
                ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "/proc/self/fd/10"],
                [],
                [(theirs.Value, 3), (pump.Value, 10)]);
        }

        _supervisor = ours;
        var note = new PumpNote
        {
            Kind = (uint)PumpNoteKind.Setup,
            Terminal = TerminalPath.Length > 0 ? 1u : 0u,
            LogFormat = (uint)Format,
            RingBytes = Ring,
        };
        foreach (var (kind, _) in _descriptors)
        {
            note.Descriptors |= 1u << (int)kind;
        }

        Send(note, _descriptors.Select(d => d.Fd.Value).ToArray());
    }

    private void Send(PumpNote note, params int[] descriptors) => _supervisor.SendMessage(ref note, descriptors);

    private void Add(PumpDescriptor kind, SafeFd fd) => _descriptors.Add((kind, fd));

    private void MakePipes()
    {
        var stdin = new AnonymousPipeServerStream(PipeDirection.Out);
        Add(PumpDescriptor.Stdin, Take(stdin.SafePipeHandle));
        Stdin = new AnonymousPipeClientStream(PipeDirection.In, stdin.ClientSafePipeHandle);
        var stdout = new AnonymousPipeServerStream(PipeDirection.In);
        Add(PumpDescriptor.Stdout, Take(stdout.SafePipeHandle));
        Stdout = new AnonymousPipeClientStream(PipeDirection.Out, stdout.ClientSafePipeHandle);
        var stderr = new AnonymousPipeServerStream(PipeDirection.In);
        Add(PumpDescriptor.Stderr, Take(stderr.SafePipeHandle));
        Stderr = new AnonymousPipeClientStream(PipeDirection.Out, stderr.ClientSafePipeHandle);
    }

    private void MakeTerminal()
    {
        int master = Native.Check(Native.posix_openpt(Native.O_RDWR | Native.O_NOCTTY | Native.O_CLOEXEC), "posix_openpt");
        Add(PumpDescriptor.Stdout, new SafeFd(master));
        Native.Check(Native.unlockpt(master), "unlockpt");
        var name = new byte[64];
        Native.Check(Native.ptsname_r(master, name, (nuint)name.Length), "ptsname_r");
        TerminalPath = Encoding.UTF8.GetString(name).TrimEnd('\0');
        OpenTerminal();
    }

    /// <summary>Opens the payload's side of the terminal (again).</summary>
    public void OpenTerminal()
    {
        SafeFd slave = Files.Open(TerminalPath, fcntl_h.O_RDWR | fcntl_h.O_NOCTTY);
        Stdin = Stdout = Stderr = new FileStream(Take(slave), FileAccess.ReadWrite, 0);
    }

    private static SafeFd Take(System.Runtime.InteropServices.SafeHandle handle)
    {
        var fd = new SafeFd((int)handle.DangerousGetHandle());
        handle.SetHandleAsInvalid();
        return fd;
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Take(SafeFd fd) => new(fd.Detach(), ownsHandle: true);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Engine.Tests.Integration.Support;

/// <summary>What a command did: exit code (128+n for signal n) and everything it wrote.</summary>
public sealed record CommandResult(string Line, int ExitCode, byte[] Output, string Error)
{
    /// <summary>Standard output as text.</summary>
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Standard output as text without the newline at its end.</summary>
    public string Trimmed => Text.TrimEnd('\n');

    /// <summary>Fails, showing everything, unless the exit code is this one.</summary>
    public CommandResult ShouldExit(int code)
    {
        Assert.True(ExitCode == code, $"expected exit code {code}\n{this}");
        return this;
    }

    /// <summary>Fails unless it failed with this code, one line on standard error, and these parts in it.</summary>
    public CommandResult ShouldFail(int code, params string[] parts)
    {
        ShouldExit(code);
        var lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 1, $"expected one line on standard error\n{this}");
        foreach (var part in parts)
        {
            Assert.True(lines[0].Contains(part, StringComparison.Ordinal), $"expected '{part}' in the error\n{this}");
        }
        return this;
    }

    public override string ToString() => $"$ {Line}\nexit code {ExitCode}\nstdout: {Text}\nstderr: {Error}";
}

/// <summary>A command to run, with everything that it inherits said here: nothing of the test's environment is passed on.</summary>
public sealed class Command(string program, params string[] arguments)
{
    public string Program => program;

    public IReadOnlyList<string> Arguments => arguments;

    /// <summary>Environment of the command.</summary>
    public Dictionary<string, string> Environment { get; } = new()
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["LC_ALL"] = "C",
    };

    public string? WorkingDirectory { get; set; }

    /// <summary>Bytes for standard input, which is closed after them. Null leaves it open for <see cref="RunningCommand.Input"/>.</summary>
    public byte[]? Input { get; set; } = [];

    /// <summary>Seconds until the command is killed and the test fails.</summary>
    public double Seconds { get; set; } = 60;

    /// <summary>The same with this environment.</summary>
    public Command With(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var (name, value) in environment)
        {
            Environment[name] = value;
        }
        return this;
    }

    /// <summary>Starts it, waits for its end, and returns what it did.</summary>
    public CommandResult Run()
    {
        using var running = Start();
        return running.Wait(Seconds);
    }

    /// <summary>
    /// The same command with a terminal as its controlling terminal and its three streams. setsid(1) does not fork here, for
    /// the shell is no group leader, so that the pid stays the command's.
    /// </summary>
    public Command OnTerminal(string path)
    {
        var wrapped = new Command("/bin/sh", ["-c", "exec 0<>\"$0\" 1>&0 2>&0; exec setsid --ctty --wait \"$@\"", path, program, .. arguments])
        {
            WorkingDirectory = WorkingDirectory,
            Input = Input,
            Seconds = Seconds,
        };
        foreach (var (name, value) in Environment)
        {
            wrapped.Environment[name] = value;
        }
        return wrapped;
    }

    /// <summary>Starts it. Dispose kills what is left of it.</summary>
    public RunningCommand Start()
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = WorkingDirectory ?? "/",
        };
        info.Environment.Clear();
        foreach (var (name, value) in Environment)
        {
            info.Environment[name] = value;
        }
        var running = new RunningCommand(Process.Start(info)!, string.Join(' ', arguments.Prepend(program)));
        if (Input is { } input)
        {
            running.Send(input);
            running.CloseInput();
        }
        return running;
    }
}

/// <summary>A started command whose output is collected while it runs.</summary>
public sealed class RunningCommand : IDisposable
{
    private readonly Process _process;
    private readonly string _line;
    private readonly Collector _output;
    private readonly Collector _error;

    internal RunningCommand(Process process, string line)
    {
        _process = process;
        _line = line;
        Pid = process.Id;
        _output = new Collector(process.StandardOutput.BaseStream);
        _error = new Collector(process.StandardError.BaseStream);
    }

    public int Pid { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output so far.</summary>
    public string Output => Encoding.UTF8.GetString(_output.Bytes);

    /// <summary>Standard error so far.</summary>
    public string Error => Encoding.UTF8.GetString(_error.Bytes);

    /// <summary>Writes to standard input. A command that does not read any more is not an error here.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _process.StandardInput.BaseStream.Write(bytes);
            _process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
        }
    }

    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Sends a signal to the command itself.</summary>
    public void Signal(int signal) => Native.Check(Native.kill(Pid, signal), $"kill {Pid}");

    /// <summary>Waits until standard output contains the text.</summary>
    public void WaitForOutput(string text, double seconds = Eventually.DefaultSeconds) => Eventually.True(
        () => Output.Contains(text, StringComparison.Ordinal),
        () => $"'{text}' in the output of\n$ {_line}\nstdout: {Output}\nstderr: {Error}",
        seconds);

    /// <summary>Waits for the end. Fails, after a kill, at the deadline; fails when somebody holds its output open after its end.</summary>
    public CommandResult Wait(double seconds = 60, double drainSeconds = 10)
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(seconds)))
        {
            _process.Kill(entireProcessTree: false);
            _process.WaitForExit();
            Assert.Fail($"did not end within {seconds} s: $ {_line}\nstdout: {Output}\nstderr: {Error}");
        }
        var closed = Eventually.Holds(() => _output.Ended && _error.Ended, drainSeconds);
        var result = new CommandResult(_line, _process.ExitCode, _output.Bytes, Error);
        Assert.True(closed, $"ended, but another process still holds its standard output or error open\n{result}");
        return result;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    // Reads a stream to its end on a thread of its own; a pipe that nobody reads would stop the command.
    private sealed class Collector
    {
        private readonly ConcurrentQueue<byte[]> _chunks = new();
        private volatile bool _ended;

        public Collector(Stream stream) => new Thread(() => Read(stream)) { IsBackground = true }.Start();

        public bool Ended => _ended;

        public byte[] Bytes => _chunks.SelectMany(c => c).ToArray();

        private void Read(Stream stream)
        {
            var buffer = new byte[65536];
            try
            {
                while (stream.Read(buffer) is > 0 and var n)
                {
                    _chunks.Enqueue(buffer[..n]);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
            }
            _ended = true;
        }
    }
}

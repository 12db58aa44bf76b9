using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Hooks;

/// <summary>
/// One hook, from fork to end. The parent either polls <see cref="Output"/> and calls <see cref="Step"/> and
/// <see cref="Reaped"/> from its loop, or calls <see cref="Wait"/>. The hook has its own process group, which is killed when
/// its time is over; a process that it leaves behind is not waited for.
/// </summary>
internal unsafe struct HookRun
{
    private fixed byte _tail[Limits.HookOutput];
    private fixed byte _path[Limits.Path + 1];
    private int _pathLength;
    private int _tailLength;
    private int _failed;
    private long _deadline;
    private bool _ended, _timedOut;
    private int _code, _status;

    /// <summary>Read end of the hook's stdout and stderr, non-blocking; -1 when nothing more comes.</summary>
    public int Output;

    /// <summary>The hook's process; 0 when none runs.</summary>
    public int Pid;

    /// <summary>True from Begin until the process was reaped.</summary>
    public readonly bool Running => Pid != 0 && !_ended;

    /// <summary>CLOCK_MONOTONIC nanoseconds at which <see cref="Step"/> must be called at the latest; long.MaxValue for never.</summary>
    public readonly long Deadline => Running && !_timedOut ? _deadline : long.MaxValue;

    /// <summary>
    /// Forks. <paramref name="state"/> is the state document for the hook's stdin (a memfd at its beginning); it stays the caller's.
    /// The texts of <paramref name="hook"/> are not needed afterwards.
    /// </summary>
    public bool Begin(ref RunHook hook, int state)
    {
        if (hook.Path.IsEmpty || hook.Path.At[0] != '/')
            return Failure.Refuse("hook"u8, hook.Path, "the path is not absolute"u8);

        int* output = stackalloc int[2];
        int* failed = stackalloc int[2];
        int result = Sys.pipe2(output, O_CLOEXEC);
        if (result < 0)
            return Failure.Call("pipe2"u8, result);

        result = Sys.pipe2(failed, O_CLOEXEC | O_NONBLOCK);
        if (result < 0)
        {
            ClosePair(output);
            return Failure.Call("pipe2"u8, result);
        }

        clone_args arguments = default;
        arguments.exit_signal = SIGCHLD;
        int pid = Sys.clone3(&arguments);
        if (pid == 0)
            HookChild.Run(ref hook, state, output[1], failed[1]);

        Sys.close(output[1]);
        Sys.close(failed[1]);
        if (pid < 0)
        {
            Sys.close(output[0]);
            Sys.close(failed[0]);
            return Failure.Call("clone3"u8, hook.Path, pid);
        }

        Adopt(ref hook, pid, output[0], failed[0]);
        return true;
    }

    /// <summary>Takes the output that has come, and kills the process group when the time is over.</summary>
    public void Step()
    {
        Drain();
        if (Running && !_timedOut && Sys.MonotonicNanoseconds() >= _deadline)
        {
            _timedOut = true;
            Kill();
        }
    }

    /// <summary>The process was reaped by the caller's waitid.</summary>
    public void Reaped(ref siginfo_t info)
    {
        _code = info.si_code;
        _status = info.si_status;
        _ended = true;
        Drain();
    }

    /// <summary>Kills the hook's process group. The process must not be reaped yet, so that its number is its own.</summary>
    public readonly void Kill()
    {
        if (Running)
            Sys.kill(-Pid, SIGKILL);
    }

    /// <summary>After <see cref="Reaped"/>: whether the hook did its work; false leaves the failure with the last of its output. Frees everything.</summary>
    public bool Finish()
    {
        int errno = 0;
        long got = Sys.read(_failed, &errno, sizeof(int));
        Close();
        fixed (byte* path = _path, tail = _tail)
        {
            Text name = new Text(path, _pathLength);
            Pid = 0;
            if (got == sizeof(int))
            {
                Failure.Call("execve"u8, name, errno);
                return Failure.Explain("the hook cannot be executed"u8);
            }

            if (!_timedOut && _code == CLD_EXITED && _status == 0)
                return true;

            return Blame(name, new Text(tail, _tailLength));
        }
    }

    /// <summary>Runs the hook to its end and reaps it.</summary>
    public bool Wait()
    {
        int pidfd = Sys.pidfd_open(Pid, 0);
        if (pidfd < 0)
        {
            Failure.Call("pidfd_open"u8, pidfd);
            Kill();
        }

        pollfd* watch = stackalloc pollfd[2];
        while (Running)
        {
            watch[0].fd = pidfd;
            watch[1].fd = Output;
            watch[0].events = watch[1].events = POLLIN;
            long left = _timedOut ? long.MaxValue : _deadline - Sys.MonotonicNanoseconds();
            Sys.poll(watch, 2, left > 1000000000L * 3600 ? 3600000 : left < 0 ? 0 : (int)(left / 1000000) + 1);
            Step();
            siginfo_t info = default;
            int result = Sys.waitid(P_PID, Pid, &info, WEXITED | (pidfd < 0 ? 0 : WNOHANG), null);
            if (result < 0)
                info.si_pid = Pid;
            if (info.si_pid == Pid)
                Reaped(ref info);
        }

        if (pidfd >= 0)
            Sys.close(pidfd);
        return Finish();
    }

    private void Adopt(ref RunHook hook, int pid, int output, int failed)
    {
        this = default;
        Pid = pid;
        Output = output;
        _failed = failed;
        _deadline = hook.TimeoutMilliseconds == 0
            ? long.MaxValue
            : Sys.MonotonicNanoseconds() + (hook.TimeoutMilliseconds * 1000000L);
        for (int i = 0; i < hook.Path.Length; i++)
            _path[i] = hook.Path.At[i];
        _pathLength = hook.Path.Length;
        Sys.fcntl(output, F_SETFL, O_NONBLOCK);

        // The child does it, too: whoever comes first, the group exists before anybody signals it.
        Sys.setpgid(pid, pid);
    }

    private void Drain()
    {
        if (Output < 0)
            return;

        byte* buffer = stackalloc byte[4096];
        // Bounded: a hook that writes without end must not keep the caller here.
        for (int round = 0; round < 16; round++)
        {
            long got = Sys.read(Output, buffer, 4096);
            if (got == 0 || (got < 0 && got != -EAGAIN))
            {
                Sys.close(Output);
                Output = -1;
                return;
            }

            if (got < 0)
                return;
            Keep(buffer, (int)got);
        }
    }

    // The end of the output is what tells why.
    private void Keep(byte* at, int length)
    {
        if (length > Limits.HookOutput)
        {
            at += length - Limits.HookOutput;
            length = Limits.HookOutput;
        }

        int excess = _tailLength + length - Limits.HookOutput;
        if (excess > 0)
        {
            for (int i = excess; i < _tailLength; i++)
                _tail[i - excess] = _tail[i];
            _tailLength -= excess;
        }

        for (int i = 0; i < length; i++)
            _tail[_tailLength++] = at[i];
    }

    private readonly bool Blame(Text path, Text output)
    {
        byte* buffer = stackalloc byte[Limits.Detail];
        TextBuilder words = new TextBuilder(buffer, Limits.Detail);
        if (_timedOut)
        {
            words.Append("killed after its timeout"u8);
        }
        else if (_code == CLD_EXITED)
        {
            words.Append("exited with code "u8);
            words.AppendDecimal(_status);
        }
        else
        {
            words.Append("killed by signal "u8);
            words.AppendDecimal(_status);
        }

        int end = output.Length;
        while (end > 0 && output.At[end - 1] <= ' ')
            end--;
        if (end > 0)
        {
            words.Append(": "u8);
            words.Append(new ReadOnlySpan<byte>(output.At, end));
        }

        Failure.Call("hook"u8, path, 0);
        return Failure.Explain(words.Span);
    }

    private void Close()
    {
        if (Output >= 0)
            Sys.close(Output);
        Sys.close(_failed);
        Output = -1;
    }

    private static void ClosePair(int* pair)
    {
        Sys.close(pair[0]);
        Sys.close(pair[1]);
    }
}

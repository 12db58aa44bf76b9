using System.Text;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Linux;

/// <summary>What a child gets and what it does not get; real children.</summary>
public class SpawnedProcessTests
{
    [Fact]
    public void Arguments_environment_and_descriptors_are_those_given()
    {
        // 7 may also be the number that the program or the socket has here: sources never collide with targets.
        var text = Output("printf '%s|' \"$@\" \"$A\" \"${HOME-unset}\"; readlink /proc/self/fd/0", ["x y", ""], ["A=1"]);
        Assert.Equal("x y||1|unset|/dev/null\n", text);
    }

    [Fact]
    public void Close_on_exec_descriptors_stay_here()
    {
        using var file = Files.Open("/etc/hostname", fcntl_h.O_RDONLY);
        using var high = file.Duplicate(300);
        Assert.DoesNotContain("/etc/hostname", Output("readlink /proc/self/fd/* || :"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_in_a_sealed_memory_file_can_be_executed()
    {
        using var shell = Files.Open("/bin/sh", fcntl_h.O_RDONLY);
        using var copy = SealedMemfd.CopyOf("shell", shell);
        using var process = SpawnedProcess.Start(copy, ["sh", "-c", "exit 7"], [], []);
        Assert.Equal(new ProcessExit(7, 0), process.WaitForEnd());
    }

    [Fact]
    public void A_signal_is_told_from_an_exit_code()
    {
        using var process = Run("kill -KILL $$");
        Assert.Equal(new ProcessExit(128 + 9, 9), process.WaitForEnd());
    }

    [Fact]
    public void Waiting_with_a_time_leaves_a_running_child_running()
    {
        using var process = Run("exec sleep 1000");
        Assert.False(process.WaitForEnd(TimeSpan.Zero));
        Assert.Null(process.Exit);
        Assert.True(Pidfds.Signal(process.Pidfd, signal_h.SIGTERM));
        Assert.Equal(new ProcessExit(128 + 15, 15), process.WaitForEnd());
        Assert.False(Pidfds.Signal(process.Pidfd, signal_h.SIGTERM));
    }

    [Fact]
    public void No_signal_is_blocked_or_ignored_in_the_child()
    {
        // The runtime itself ignores SIGPIPE. 32 and 33 are the C library's own, and it leaves them ignored.
        const ulong ofTheLibrary = 0x180000000;
        var lines = Output("exec cat /proc/self/status").Split('\n');
        Assert.Equal(0ul, Mask(lines, "SigBlk"));
        Assert.Equal(0ul, Mask(lines, "SigIgn") & ~ofTheLibrary);
    }

    [Fact]
    public void What_cannot_be_executed_is_an_error_with_its_errno()
    {
        using var file = Files.Open("/etc/passwd", fcntl_h.O_RDONLY);
        var error = Assert.Throws<SyscallException>(() => SpawnedProcess.Start(file, ["passwd"], [], []));
        Assert.Equal(("posix_spawn", "passwd", Errno.EACCES), (error.Operation, error.Path, error.Errno));
    }

    [Fact]
    public void A_new_session_has_no_controlling_terminal()
    {
        using var shell = Files.Open("/bin/sh", fcntl_h.O_PATH);
        using var process = SpawnedProcess.Start(
            shell, ["sh", "-c", "read -r pid name state ppid group session tty rest </proc/self/stat; test $session = $$ -a $tty = 0"], [], [], newSession: true);
        Assert.Equal(0, process.WaitForEnd().Code);
    }

    private static ulong Mask(string[] lines, string name) =>
        Convert.ToUInt64(lines.Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split('\t')[1], 16);

    private static string Output(string script, string[]? arguments = null, string[]? environment = null)
    {
        var (ours, theirs) = FdChannel.Pair();
        using (ours)
        {
            using var process = Run($"exec >&7; {script}", arguments, environment, [(theirs.Value, 7)]);
            theirs.Dispose();
            var text = new StringBuilder();
            while (ours.Receive() is { } message)
            {
                using (message)
                {
                    text.Append(Encoding.UTF8.GetString(message.Bytes));
                }
            }

            Assert.Equal(0, process.WaitForEnd().Code);
            return text.ToString();
        }
    }

    private static SpawnedProcess Run(
        string script, string[]? arguments = null, string[]? environment = null, (int Fd, int Target)[]? inherit = null)
    {
        using var shell = Files.Open("/bin/sh", fcntl_h.O_PATH);
        return SpawnedProcess.Start(shell, ["sh", "-c", script, "sh", .. arguments ?? []], environment ?? [], inherit ?? []);
    }
}

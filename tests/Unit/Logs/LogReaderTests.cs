using System.Text;
using Engine.Logs;
using Engine.Rpc.Linux;
using Engine.Shared.Protocol;

namespace Engine.Tests.Unit.Logs;

/// <summary>Whole logs: joined lines, the last lines, growing and rotated files.</summary>
public sealed class LogReaderTests : IDisposable
{
    private const string Time = "2026-03-01T10:20:30.000000000Z";
    private readonly string _directory = Directory.CreateTempSubdirectory("engine-logs-").FullName;
    private readonly string _path;

    public LogReaderTests() => _path = Path.Combine(_directory, "log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Joins_pieces_by_stream_and_leaves_an_unended_line_unended()
    {
        Write("stdout P one-", "stderr F error", "stdout P two-", "stderr P E", "stdout F three", "stdout P tail");
        Assert.Equal(("one-two-three\ntail", "error\nE"), Print());
    }

    [Fact]
    public void Puts_the_time_before_each_line_once()
    {
        Write("stdout P one-", "stdout F two", "stdout F three");
        Assert.Equal(($"{Time} one-two\n{Time} three\n", ""), Print(timestamps: true));
    }

    [Fact]
    public void Goes_on_behind_damage()
    {
        File.WriteAllBytes(_path, [.. Line("stdout F before"), .. "2026-03-01T10:2"u8, 0, 0xff, (byte)'\n', .. Line("stdout F after"), .. "cut off"u8]);
        var (output, error) = PrintBytes(new LogRequest { Path = _path });
        Assert.Equal([.. "before\n2026-03-01T10:2"u8, 0, 0xff, .. "\nafter\ncut off\n"u8], output);
        Assert.Empty(error);
    }

    [Fact]
    public void Prints_nothing_of_an_empty_log()
    {
        File.WriteAllText(_path, "");
        Assert.Equal(("", ""), Print());
        Assert.Equal(("", ""), Print(tail: 5));
    }

    [Theory]
    [InlineData(0, "", "")]
    [InlineData(1, "tail", "")]
    [InlineData(2, "one-two-three\ntail", "")]
    [InlineData(3, "one-two-three\ntail", "E-F\n")]
    [InlineData(4, "one-two-three\ntail", "error\nE-F\n")]
    [InlineData(5, "zero\none-two-three\ntail", "error\nE-F\n")]
    [InlineData(100, "zero\none-two-three\ntail", "error\nE-F\n")]
    public void Prints_the_last_lines_with_all_their_pieces(int tail, string output, string error)
    {
        Write("stdout F zero", "stdout P one-", "stderr F error", "stdout P two-", "stderr P E-", "stderr F F", "stdout F three", "stdout P tail");
        Assert.Equal((output, error), Print(tail: tail));
    }

    [Theory]
    [InlineData(LogFormat.Kubernetes)]
    [InlineData(LogFormat.Json)]
    public void The_last_lines_are_the_end_of_all_lines(LogFormat format)
    {
        // Records around the block size, in both streams, so that blocks begin and end everywhere.
        var random = new Random(7);
        var log = new StringBuilder();
        for (int i = 0; i < 400; i++)
        {
            string stream = random.Next(4) == 0 ? "stderr" : "stdout";
            bool whole = random.Next(3) > 0;
            string text = $"{i}:" + new string((char)('a' + (i % 26)), random.Next(8) == 0 ? random.Next(200_000) : random.Next(200));
            log.Append(format == LogFormat.Json
                ? $"{{\"time\":\"{Time}\",\"stream\":\"{stream}\",{(whole ? "" : "\"partial\":true,")}\"log\":\"{text}\"}}\n"
                : $"{Time} {stream} {(whole ? 'F' : 'P')} {text}\n");
        }

        File.WriteAllText(_path, log.ToString());
        var (all, allErrors) = Print(format: format);
        var (_, lines) = (0, all.Split('\n').Length);
        foreach (int tail in new[] { 1, 2, 3, 10, 57, 399 })
        {
            var (output, error) = Print(tail: tail, format: format);
            Assert.EndsWith(output, all, StringComparison.Ordinal);
            Assert.EndsWith(error, allErrors, StringComparison.Ordinal);
            Assert.Equal(Math.Min(tail, Lines(all) + Lines(allErrors)), Lines(output) + Lines(error));
        }

        Assert.True(lines > 100);
    }

    [Fact]
    public void Follows_what_is_written_until_told_that_it_ended()
    {
        Write("stdout F old", "stdout F first");
        using var output = new MemoryStream();
        bool ended = false;
        int asked = 0;
        var request = new LogRequest
        {
            Path = _path,
            Follow = true,
            Tail = 1,
            HasEnded = () =>
            {
                // Each question is one round: what was written before it must come out.
                switch (asked++)
                {
                    case 0:
                        File.AppendAllText(_path, $"{Time} stdout F sec");
                        break;
                    case 1:
                        Assert.Equal("first\n", Encoding.UTF8.GetString(output.ToArray()));
                        File.AppendAllText(_path, "ond\n");
                        break;
                    case 2:
                        File.Move(_path, _path + ".1");
                        File.AppendAllText(_path + ".1", $"{Time} stdout F late in the old file\n");
                        File.WriteAllText(_path, "");
                        break;
                    case 3:
                        File.AppendAllText(_path + ".1", $"{Time} stdout F very late\n");
                        File.AppendAllText(_path, $"{Time} stdout F new file\n{Time} stdout F unfinished");
                        break;
                    default:
                        ended = true;
                        break;
                }

                return ended;
            },
        };
        LogReader.Print(request, output, new MemoryStream());
        Assert.Equal("first\nsecond\nlate in the old file\nvery late\nnew file\nunfinished\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Begins_anew_when_the_file_is_cut_in_place()
    {
        Write("stdout F first", "stdout F second");
        using var output = new MemoryStream();
        int asked = 0;
        LogReader.Print(
            new LogRequest
            {
                Path = _path,
                Follow = true,
                HasEnded = () =>
                {
                    if (asked++ == 0)
                    {
                        Write("stdout F third");
                    }

                    return asked > 2;
                },
            },
            output,
            new MemoryStream());
        Assert.Equal("first\nsecond\nthird\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Stops_following_when_cancelled()
    {
        Write("stdout F first");
        using var cancel = new CancellationTokenSource();
        using var output = new MemoryStream();
        cancel.Cancel();
        LogReader.Print(new LogRequest { Path = _path, Follow = true }, output, new MemoryStream(), cancel.Token);
        Assert.Equal("first\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Refuses_what_is_no_regular_file()
    {
        Assert.Equal(Engine.Shared.Linux.Errno.EINVAL, Assert.Throws<SyscallException>(() => PrintBytes(new LogRequest { Path = _directory })).Errno);
        Assert.Equal(Engine.Shared.Linux.Errno.ENOENT, Assert.Throws<SyscallException>(() => PrintBytes(new LogRequest { Path = _path })).Errno);
        Assert.Equal(Engine.Shared.Linux.Errno.EINVAL, Assert.Throws<SyscallException>(() => PrintBytes(new LogRequest { Path = "/dev/null" })).Errno);
    }

    private static int Lines(string text) => text.Split('\n').Count(line => line.Length > 0);

    private static byte[] Line(string record) => Encoding.UTF8.GetBytes($"{Time} {record}\n");

    private void Write(params string[] records) => File.WriteAllBytes(_path, records.SelectMany(Line).ToArray());

    private (string Output, string Error) Print(int? tail = null, bool timestamps = false, LogFormat? format = null)
    {
        var (output, error) = PrintBytes(new LogRequest { Path = _path, Tail = tail, Timestamps = timestamps, Format = format });
        return (Encoding.UTF8.GetString(output), Encoding.UTF8.GetString(error));
    }

    private static (byte[] Output, byte[] Error) PrintBytes(LogRequest request)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        LogReader.Print(request, output, error);
        return (output.ToArray(), error.ToArray());
    }
}

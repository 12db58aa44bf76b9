using System.Text.RegularExpressions;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>The log file when something is wrong with it: full disk, rotation, a half-written record.</summary>
public sealed partial class PumpLogTests : IDisposable
{
    private const int TmpfsBytes = 256 * 1024;

    private readonly DetachedTmpfs _tmpfs = new(TmpfsBytes);

    public void Dispose() => _tmpfs.Dispose();

    [RootTheory(Needs.RootOnly)]
    [InlineData(LogFormat.Basic)]
    [InlineData(LogFormat.Kubernetes)]
    [InlineData(LogFormat.Json)]
    public void A_full_disk_never_stops_the_payload_and_the_log_says_what_is_missing(LogFormat format)
    {
        using var pump = new PumpRun(format, log: _tmpfs.Open("log"));
        using var client = pump.AttachReady();
        using SafeFd ballast = _tmpfs.Open("ballast");
        Streams.WriteAll(ballast.Value, new byte[100_000]);
        WriteLines(pump, 0, 50_000);
        client.WaitFor($" {49_999} ");
        Assert.InRange(_tmpfs.Read("log").Length, 1, TmpfsBytes - 100_000);

        // Space returns: a record that got halfway is finished, the gap is marked, and it goes on.
        Assert.Equal(0, Ftruncate(ballast.Value));
        WriteLines(pump, 50_000, 50_010);
        Assert.Equal(0, pump.End());
        AssertWholeWithGap(_tmpfs.Read("log"), format, last: 50_009);
    }

    [RootFact(Needs.RootOnly)]
    public void The_gap_is_marked_without_further_output_too()
    {
        using var pump = new PumpRun(log: _tmpfs.Open("log"));
        WriteLines(pump, 0, 10_000);
        Eventually.True(() => _tmpfs.Read("log").Length == TmpfsBytes, "a full log");
        using (SafeFd log = _tmpfs.Open("log"))
        {
            // As a rotation that cuts in place; the offset of later records is the file's end.
            Assert.Equal(0, Ftruncate(log.Value));
        }

        Eventually.True(() => _tmpfs.Read("log").Contains("missing here", StringComparison.Ordinal), "the mark");
    }

    [RootFact(Needs.RootOnly)]
    public void Rotation_loses_nothing_and_no_record_is_in_two_files()
    {
        using var pump = new PumpRun();
        string text = "";
        for (int i = 0; i < 20; i++)
        {
            WriteLines(pump, i * 1000, (i + 1) * 1000);
            File.Move(pump.LogPath, $"{pump.LogPath}.{i}");
            using SafeFd log = pump.OpenLog();
            pump.SendLog(log);
        }

        Assert.Equal(0, pump.End());
        for (int i = 0; i < 20; i++)
        {
            text += File.ReadAllText($"{pump.LogPath}.{i}");
        }

        text += File.ReadAllText(pump.LogPath);
        Assert.Equal(Enumerable.Range(0, 20_000), Numbers(text));
    }

    [RootFact(Needs.RootOnly)]
    public void A_half_written_record_of_a_predecessor_is_ended()
    {
        string path = Path.Combine(TestRun.Directory, "half");
        File.WriteAllText(path, "2026-03-01T10:20:30.123456789Z stdout F cut o");
        using (var pump = new PumpRun(log: Files.Open(path, fcntl_h.O_RDWR | fcntl_h.O_APPEND)))
        {
            pump.Write("next\n");
            Assert.Equal(0, pump.End());
        }

        Assert.Matches(@"^\S+ stdout F cut o\n\S+ stdout F next\n$", File.ReadAllText(path));
        File.Delete(path);
    }

    [RootFact(Needs.RootOnly)]
    public void Times_are_those_of_the_writing_in_utc()
    {
        var before = DateTime.UtcNow;
        using var pump = new PumpRun();
        pump.Write("now\n");
        pump.WaitForLog("now");
        var after = DateTime.UtcNow;
        string text = System.Text.Encoding.ASCII.GetString(pump.LogBytes).Split(' ')[0];
        var time = DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.RoundtripKind);
        Assert.InRange(time, before.AddMilliseconds(-50), after.AddMilliseconds(50));
    }

    private static void WriteLines(PumpRun pump, int from, int to)
    {
        for (int i = from; i < to; i += 500)
        {
            pump.Write(string.Concat(Enumerable.Range(i, Math.Min(500, to - i)).Select(k => $"line {k} \n")));
        }
    }

    private static int[] Numbers(string log) =>
        Number().Matches(log).Select(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).ToArray();

    private static void AssertWholeWithGap(string log, LogFormat format, int last)
    {
        Assert.EndsWith("\n", log, StringComparison.Ordinal);
        var lines = log.TrimEnd('\n').Split('\n');
        var pattern = format switch
        {
            LogFormat.Json => new Regex(@"^\{""time"":""[-0-9T:.]+Z"",""stream"":""std(out|err)"",""log"":""[^""]*""\}$"),
            LogFormat.Kubernetes => new Regex(@"^[-0-9T:.]+Z std(out|err) F .*$"),
            _ => new Regex(@"^[-0-9T:.]+Z std(out|err) .*$"),
        };
        Assert.All(lines, line => Assert.Matches(pattern, line));

        int lost = 0, next = 0;
        // Of every record: the first without its digit, with its newline.
        int dress = lines[0].Length;
        foreach (string line in lines)
        {
            if (Mark().Match(line) is { Success: true } mark)
            {
                int records = int.Parse(mark.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
                int digits = Enumerable.Range(next, records).Sum(k => k.ToString(System.Globalization.CultureInfo.InvariantCulture).Length);
                Assert.Equal((records * dress) + digits, int.Parse(mark.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture));
                lost += records;
                next += records;
                Assert.Contains("ENOSPC", line, StringComparison.Ordinal);
                Assert.Contains("stderr", line, StringComparison.Ordinal);
                continue;
            }

            // Every record is there or counted: the numbers go on behind the mark where the count says.
            Assert.Equal(next++, Numbers(line).Single());
        }

        Assert.True(lost > 0);
        Assert.Equal(last + 1, next);
    }

    private static int Ftruncate(int fd) => Native.ftruncate(fd, 0);

    [GeneratedRegex(@"line (\d+) ")]
    private static partial Regex Number();

    [GeneratedRegex(@"engine: (\d+) log records \((\d+) bytes\) are missing here")]
    private static partial Regex Mark();
}

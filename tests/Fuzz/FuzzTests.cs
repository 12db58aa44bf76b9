using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Engine.Tests.Fuzz;

/// <summary>Runs every target for its share of the time. ENGINE_FUZZ_SECONDS (20) for all together, ENGINE_FUZZ_SEED (1).</summary>
public class FuzzTests
{
    private static readonly double Seconds = Number("ENGINE_FUZZ_SECONDS", 20);
    private static readonly int Seed = (int)Number("ENGINE_FUZZ_SEED", 1);

    // However slow the machine, something is tried.
    private const int AtLeast = 200;

    public static TheoryData<string> Names => [.. Targets.All.Select(t => t.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Any_bytes_are_answered(string name)
    {
        var target = Targets.All.Single(t => t.Name == name);
        var seeds = Targets.Seeds(name);
        foreach (var seed in seeds)
            Try(target.Run, name, seed, -1);
        Assert.True(Loop(name, seeds, target.Words, Seconds / (Targets.All.Count + 1), target.Run) >= AtLeast);
    }

    [Fact]
    [Trait("Kind", "Native")]
    public void The_freestanding_codec_agrees_with_the_hosted_one_on_any_bytes()
    {
        using var native = new NativeCodec();
        Loop("native", Targets.MessageSeeds(), "", Seconds / (Targets.All.Count + 1), bytes =>
        {
            if (bytes.Length == 0)
                return;
            var status = Targets.Recode(bytes[0], bytes[1..], out var again);
            var (theirs, written) = native.Recode(bytes[0], bytes.AsSpan(1));
            Assert.Equal((byte)status, theirs);
            if (status == 0)
                Assert.Equal(again, written);
        });
    }

    private static int Loop(string name, IReadOnlyList<byte[]> seeds, string words, double seconds, Action<byte[]> run)
    {
        var mutator = new Mutator(new Random(Seed), seeds, [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)]);
        var clock = Stopwatch.StartNew();
        var tried = 0;
        for (; tried < AtLeast || clock.Elapsed.TotalSeconds < seconds; tried++)
            Try(run, name, mutator.Next(), tried);
        return tried;
    }

    private static void Try(Action<byte[]> run, string name, byte[] input, int number)
    {
        try
        {
            run(input);
        }
        catch (Exception finding)
        {
            var folder = Path.Combine(Environment.GetEnvironmentVariable("ENGINE_OUT") ?? AppContext.BaseDirectory, "fuzz");
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}-{Seed}-{number}"));
            File.WriteAllBytes(file, input);
            Assert.Fail($"{name}, seed {Seed}, input {number} ({file}): {finding}");
        }
    }

    private static double Number(string variable, double otherwise) =>
        double.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}

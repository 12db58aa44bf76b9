using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Engine.Tests.Fuzz;

/// <summary>Runs every target for its share of the time. ENGINE_FUZZ_SECONDS (20) for all together, ENGINE_FUZZ_SEED (1).</summary>
public class FuzzTests
{
    private static readonly double Seconds = Number("ENGINE_FUZZ_SECONDS", 20);
    private static readonly int Seed = (int)Number("ENGINE_FUZZ_SEED", 1);

    private static double Share => Seconds / (Targets.All.Count + NativeTargets.All.Count + 1);

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
        Assert.True(Loop(name, seeds, target.Words, Share, target.Run) >= AtLeast);
    }

    [Fact]
    [Trait("Kind", "Native")]
    public void The_freestanding_codec_agrees_with_the_hosted_one_on_any_bytes()
    {
        using var native = new NativeProgram("CodecFreestanding");
        Loop("native", Targets.MessageSeeds(), "", Share, bytes =>
        {
            if (bytes.Length == 0)
                return;
            var status = Targets.Recode(bytes[0], bytes[1..], out var again);
            var (theirs, written) = native.Ask(bytes[0], bytes.AsSpan(1));
            Assert.Equal((byte)status, theirs);
            if (status == 0)
                Assert.Equal(again, written);
        });
    }

    public static TheoryData<string> Readers => [.. NativeTargets.All.Select(t => t.Name)];

    [Theory, MemberData(nameof(Readers))]
    [Trait("Kind", "Native")]
    public void The_starter_answers_any_bytes(string name)
    {
        var target = NativeTargets.All.Single(t => t.Name == name);
        using var native = new NativeProgram("StarterFuzz");
        void Ask(byte[] bytes)
        {
            var (status, written) = native.Ask(target.Kind, bytes);
            target.Check(bytes, status, written);
        }
        var seeds = target.Seeds();
        foreach (var seed in seeds)
            Try(Ask, "starter-" + target.Kind, seed, -1);
        Loop("starter-" + target.Kind, seeds, target.Words, Share, Ask);
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

using System.Diagnostics;
using System.Reflection;

namespace Engine.Tests.Abi;

/// <summary>Runs the freestanding self-test program: checks that must hold, and mistakes that must end a process.</summary>
public class SelftestTests
{
    private static string Directory => typeof(SelftestTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "SelftestDirectory").Value!;

    private static string Program => Path.Combine(Directory, "bin/native/rt-selftest");

    [Fact]
    public void Every_check_holds()
    {
        (int status, string output, _) = Run(Program, "checks");
        Assert.EndsWith(" checks, 0 failed\n", output, StringComparison.Ordinal);
        Assert.Equal(0, status);
    }

    [Theory]
    [InlineData("index", "fatal: index out of range\n")]
    [InlineData("negative-index", "fatal: index out of range\n")]
    [InlineData("slice", "fatal: index out of range\n")]
    [InlineData("slice-overflow", "fatal: index out of range\n")]
    [InlineData("copy", "fatal: index out of range\n")]
    [InlineData("overflow", "fatal: arithmetic overflow\n")]
    [InlineData("cookie", "fatal: stack cookie overwritten\n")]
    public void A_failed_check_ends_the_process_with_a_line(string mistake, string line)
    {
        (int status, string output, string errors) = Run(Program, mistake);
        Assert.Equal((255, "", line), (status, output, errors));
    }

    [Theory]
    [InlineData("null", 128 + 11)]
    [InlineData("write-literal", 128 + 11)]
    public void What_the_processor_catches_ends_by_its_signal(string mistake, int expected) =>
        Assert.Equal(expected, Run(Program, mistake).Status);

    // Intel raises a signal, Arm divides to zero and so the compiler calls the check.
    [Fact]
    public void Division_by_zero_ends_the_process() => Assert.Contains(Run(Program, "divide").Status, new[] { 128 + 8, 255 });

    [Fact]
    public void The_cookie_differs_between_runs_and_is_read_only()
    {
        (int status, string first, _) = Run(Program, "show-cookie");
        string second = Run(Program, "show-cookie").Output;
        Assert.Equal(0, status);
        Assert.NotEqual(first, second);
        Assert.EndsWith("00\n", first, StringComparison.Ordinal);
        Assert.Equal(128 + 11, Run(Program, "write-cookie").Status);
    }

    [Arm64Fact]
    public void Every_program_compiles_for_arm64()
    {
        foreach (string project in new[] { "Selftest.csproj", "../../../starter/Starter.csproj", "../../../starter/Pump/Pump.csproj" })
            BuildForArm64(project);
        // e_machine of the ELF header: EM_AARCH64.
        foreach (string program in new[] { "rt-selftest", "starter", "pump" })
            Assert.Equal(183, File.ReadAllBytes(Path.Combine(Arm64Output, program))[18]);
    }

    [Arm64ProgramFact]
    public void Every_check_holds_on_arm64()
    {
        BuildForArm64("Selftest.csproj");
        (int status, string text, _) = Run(Arm64ProgramFactAttribute.Emulator, Path.Combine(Arm64Output, "rt-selftest"), "checks");
        Assert.EndsWith(" checks, 0 failed\n", text, StringComparison.Ordinal);
        Assert.Equal(0, status);
    }

    private static string Arm64Output => Path.Combine(Directory, "bin/arm64-native/");

    private static void BuildForArm64(string project)
    {
        (int status, string log, string errors) = Run("dotnet", "build", Path.Combine(Directory, project), "--nologo",
            "-p:FreestandingArch=arm64", "-p:FreestandingOut=" + Arm64Output, "-p:UseSharedCompilation=false", "-nodeReuse:false");
        Assert.True(status == 0, log + errors);
    }

    private static (int Status, string Output, string Errors) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["SELFTEST"] = "yes" },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors.Result);
    }
}

/// <summary>Needs the arm64 compiler and a user-mode emulator; skipped, with the reason, without.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class Arm64ProgramFactAttribute : FactAttribute
{
    public Arm64ProgramFactAttribute() =>
        Skip = Compiler.Arm64.Missing() ?? (Emulator.Length == 0 ? "no qemu-aarch64 or qemu-aarch64-static on PATH" : null);

    /// <summary>Empty if there is none.</summary>
    public static string Emulator { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(d => new[] { Path.Combine(d, "qemu-aarch64"), Path.Combine(d, "qemu-aarch64-static") }).FirstOrDefault(File.Exists) ?? "";
}

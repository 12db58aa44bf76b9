using System.Diagnostics;
using Engine.Seccomp;

namespace Engine.Tests.Unit.Seccomp;

/// <summary>Loads a compiled filter in a process of its own and makes system calls under it: tests/tools/seccomp-try.c.</summary>
internal static class SeccompTry
{
    private static readonly Lazy<string> Program = new(() =>
    {
        var directory = Directory.CreateTempSubdirectory("engine-test-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        Output("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", directory + "/seccomp-try", AppContext.BaseDirectory + "tools/seccomp-try.c"]);
        return directory + "/seccomp-try";
    });

    /// <summary>The lines that seccomp-try prints after "load 0".</summary>
    public static string[] Run(SeccompFilter filter, params string[] calls)
    {
        var lines = Load(filter.Program, filter.Flags, calls);
        Assert.Equal("load 0", lines[0]);
        return lines[1..];
    }

    /// <summary>All lines that seccomp-try prints.</summary>
    public static string[] Load(byte[] program, uint flags, params string[] calls)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, program);
            return Output(Program.Value, [file, flags.ToString(), .. calls]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Output(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}

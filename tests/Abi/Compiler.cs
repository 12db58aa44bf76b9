using System.Diagnostics;

namespace Engine.Tests.Abi;

/// <summary>A C compiler for one machine.</summary>
internal sealed record Compiler(string Command, string Machine, string Namespace)
{
    public static readonly Compiler X64 = new("x86_64-linux-gnu-gcc", "x86-64", "X64");
    public static readonly Compiler Arm64 = new("aarch64-linux-gnu-gcc", "arm64", "Arm64");

    /// <summary>Null if the compiler and its headers work; otherwise what is missing.</summary>
    public string? Missing()
    {
        try
        {
            string errors = Check("#include <errno.h>\n#include <linux/mount.h>\n");
            return errors.Length == 0 ? null : $"{Command} has no headers: {errors}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return $"{Command} is not installed";
        }
    }

    /// <summary>What the compiler says about a translation unit; empty if nothing.</summary>
    public string Check(string source)
    {
        ProcessStartInfo start = new(Command, ["-std=gnu11", "-fsyntax-only", "-x", "c", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 && errors.Result.Length == 0 ? "" : errors.Result + (process.ExitCode == 0 ? "" : $"exit {process.ExitCode}");
    }
}

/// <summary>A test for the compiler of one machine; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class Arm64FactAttribute : FactAttribute
{
    public Arm64FactAttribute() => Skip = Compiler.Arm64.Missing();
}

/// <inheritdoc cref="Arm64FactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class X64FactAttribute : FactAttribute
{
    public X64FactAttribute() => Skip = Compiler.X64.Missing();
}

using System.IO.Pipes;
using System.Text;
using Engine.Diagnostics;
using Engine.Rpc.Linux;

namespace Engine.Linux;

/// <summary>A program of the host's that was run to its end, and what it wrote to both of its output streams.</summary>
/// <param name="ExitCode">128+signal for a signal.</param>
/// <param name="Text">Both streams, as they came.</param>
public sealed record CommandOutput(int ExitCode, string Text)
{
    // Some callers leave PATH out.
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Runs <paramref name="program"/>, looked up in PATH, with /dev/null as its input and this process's environment.</summary>
    /// <exception cref="EngineException">There is no such program.</exception>
    /// <exception cref="SyscallException">It cannot be executed.</exception>
    public static CommandOutput Of(string program, IReadOnlyList<string> arguments) => Of(Find(program), program, arguments, Variables());

    /// <summary>Runs the program at an absolute path, with /dev/null as its input.</summary>
    /// <param name="path">Where it is; nothing is looked up.</param>
    /// <param name="name">What it is told it is called.</param>
    /// <param name="arguments">The others.</param>
    /// <param name="environment">KEY=VALUE.</param>
    /// <exception cref="SyscallException">It cannot be executed.</exception>
    public static CommandOutput Of(string path, string name, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using var output = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        int end = (int)output.ClientSafePipeHandle.DangerousGetHandle();
        using SpawnedProcess process = SpawnedProcess.Start(path, [name, .. arguments], environment, [(end, 1), (end, 2)], newSession: false);
        output.DisposeLocalCopyOfClientHandle();
        using var reader = new StreamReader(output, Encoding.UTF8);
        string text = reader.ReadToEnd();
        return new CommandOutput(process.WaitForEnd().Code, text);
    }

    private static string Find(string program)
    {
        string path = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } set ? set : DefaultPath;
        return path.Split(':').Where(directory => directory.StartsWith('/')).Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists)
            ?? throw new EngineException($"{program}: executable file not found in $PATH");
    }

    private static List<string> Variables()
    {
        var all = new List<string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            all.Add($"{variable.Key}={variable.Value}");
        }

        return all;
    }
}

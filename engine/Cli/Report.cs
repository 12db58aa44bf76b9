using Engine.Diagnostics;

namespace Engine.Cli;

/// <summary>The one place where a failure becomes text: lower case, one line each, no stack trace unless asked for.</summary>
public static class Report
{
    /// <summary>Prints <paramref name="error"/> for command <paramref name="name"/> on stderr and returns the exit code.</summary>
    public static int Failure(string name, Exception error)
    {
        if (error is ConfigException config)
        {
            foreach (string line in config.Lines)
            {
                Console.Error.WriteLine($"{name}: {Printable.Of(line)}");
            }

            return config.ExitCode;
        }

        string text = error switch
        {
            UsageException usage => $"{usage.Message}; '{name} --help' shows the usage",
            EngineException known => known.Message,
            Engine.Rpc.Linux.SyscallException call => call.Message,
            OperationCanceledException => "interrupted",
            _ => $"unexpected failure: {error.GetType().Name}: {error.Message}",
        };
        foreach (string line in text.Split('\n'))
        {
            Console.Error.WriteLine($"{name}: {Printable.Of(line)}");
        }

        if (Environment.GetEnvironmentVariable("ENGINE_DEBUG") is "1")
        {
            Console.Error.WriteLine(error);
        }

        return error is EngineException own ? own.ExitCode : ExitCode.Failure;
    }

    /// <summary>A line on stderr that is no failure.</summary>
    public static void Warning(string name, string text) => Console.Error.WriteLine($"{name}: warning: {Printable.Of(text)}");
}

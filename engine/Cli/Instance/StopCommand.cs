using System.CommandLine;
using Engine.Diagnostics;
using Engine.Instances;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.State;

namespace Engine.Cli.Instance;

/// <summary><c>engine instance stop NAME...</c>: asks, waits, kills what does not end, and removes. An instance that has ended is removed.</summary>
public static class StopCommand
{
    private const string Name = "engine instance stop";

    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = "names, with * ? [a-z]" };
        var user = OwnerOption.Build();
        var all = Options.Switch("--all", "-a", "stop every instance", "ALL");
        var signal = Options.Text("--signal", "-s", "signal to ask with, by name or number (default SIGINT)", "SIGNAL", "SIGNAL");
        var timeout = new Option<int>("--timeout", "-t") { Description = "seconds to wait before SIGKILL", HelpName = "SECONDS", DefaultValueFactory = _ => 10 };
        var force = Options.Switch("--force", "-F", "SIGKILL at once", "FORCE");
        var command = new Command("stop", "stop instances and remove them") { root, names, user, all, signal, timeout, force };
        command.SetAction(parsed =>
        {
            string[] patterns = parsed.GetValue(all) ? ["*"] : parsed.GetValue(names) ?? [];
            if (patterns.Length == 0)
            {
                throw new UsageException("no instance was named; name some, or all with --all");
            }

            StopRequest request = Request(parsed.GetValue(force) ? "SIGKILL" : parsed.GetValue(signal) ?? "SIGINT", parsed.GetValue(timeout));
            OwnerOption.Apply(parsed, user);
            return Run(Options.StateRoot(parsed, root), patterns, request);
        });
        return command;
    }

    private static StopRequest Request(string signal, int seconds)
    {
        if (!Signals.TryParse(signal, out int number))
        {
            throw new UsageException($"unknown signal \"{Printable.Of(signal)}\"");
        }

        return seconds < 0 ? throw new UsageException("--timeout: must not be negative") : new StopRequest(number, TimeSpan.FromSeconds(seconds));
    }

    private static int Run(StateRoot root, string[] patterns, StopRequest request)
    {
        var failures = new List<EngineException>();
        var instances = new SortedDictionary<string, ContainerHandle>(StringComparer.Ordinal);
        try
        {
            foreach (string pattern in patterns)
            {
                Find(root, pattern, instances, failures);
            }

            foreach (ContainerHandle instance in instances.Values)
            {
                StateDocument state = instance.State;
                string what = state.Status == ContainerStatus.Stopped ? $"removing {state.Id}, which has ended" : $"stopping {state.Id} instance of {state.Bundle} (PID={state.Pid})";
                Console.Error.WriteLine(Printable.Of($"{Name}: {what}"));
            }

            failures.AddRange(StopInstances.Run([.. instances.Values], request, warning => Report.Warning(Name, warning)));
        }
        finally
        {
            foreach (ContainerHandle instance in instances.Values)
            {
                instance.Dispose();
            }
        }

        return failures.Count == 0 ? 0 : throw new EngineException(string.Join('\n', failures.Select(failure => failure.Message)));
    }

    private static void Find(StateRoot root, string pattern, SortedDictionary<string, ContainerHandle> found, List<EngineException> failures)
    {
        List<StateDocument> states = InstanceLookup.List(root, pattern, ended: true);
        if (states.Count == 0 && pattern != "*")
        {
            failures.Add(new EngineException($"no instance \"{pattern}\""));
        }

        foreach (string name in states.Select(state => state.Id).Where(name => !found.ContainsKey(name)))
        {
            try
            {
                found[name] = InstanceLookup.Open(root, name);
            }
            catch (EngineException)
            {
                // Stopped by somebody else in the meantime.
            }
        }
    }
}

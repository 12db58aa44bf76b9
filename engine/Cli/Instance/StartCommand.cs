using System.CommandLine;
using Engine.Cli.Oci;
using Engine.Diagnostics;
using Engine.Instances;
using Engine.Lifecycle;

namespace Engine.Cli.Instance;

/// <summary>
/// <c>engine instance start BUNDLE NAME [ARG...]</c>, and <c>run</c>, which is the same: where an image has a start script and a run
/// script a bundle has one program. Returns when that runs.
/// </summary>
public static class StartCommand
{
    /// <summary>Options and action.</summary>
    /// <param name="verb">start or run.</param>
    public static Command Build(string verb)
    {
        string name = "engine instance " + verb;
        var bundle = new Argument<string>("BUNDLE") { Description = "directory with config.json and the root file system" };
        var options = new CreateArguments(bundle, new Argument<string>("NAME") { Description = "name of the instance" });
        var args = new Argument<string[]>("ARG") { Arity = ArgumentArity.ZeroOrMore, Description = "program and arguments in place of process.args" };
        var env = new Option<string[]>("--env") { Description = "set a variable; may be repeated", HelpName = "KEY=VALUE", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(verb, "start an instance from a bundle") { env };
        options.AddTo(command);
        command.Arguments.Add(args);
        command.SetAction(parsed =>
        {
            CheckBundle(parsed.GetValue(bundle)!);
            string[] variables = parsed.GetValue(env) ?? [];
            Array.ForEach(variables, CheckVariable);
            CreateOptions create = StartInstance.Options(options.Read(parsed), parsed.GetValue(args) ?? [], variables);
            if (options.IsPlan(parsed))
            {
                return CreateArguments.PrintPlan(create);
            }

            StartInstance.Run(options.Root(parsed), create).ForEach(warning => Report.Warning(name, warning));
            Console.Error.WriteLine($"{name}: instance started successfully");
            return 0;
        });
        return command;
    }

    private static void CheckBundle(string bundle)
    {
        if (bundle.Contains("://", StringComparison.Ordinal))
        {
            throw new UsageException($"{Quote.Text(bundle)} names an image; an instance is started from a bundle, a directory with config.json and the root file system");
        }

        if (File.Exists(bundle))
        {
            throw new UsageException($"{Quote.Text(bundle)} is a file; an instance is started from a bundle, a directory with config.json and the root file system");
        }
    }

    private static void CheckVariable(string variable)
    {
        if (variable.IndexOf('=', StringComparison.Ordinal) < 1)
        {
            throw new UsageException($"--env {Quote.Text(variable)}: must be KEY=VALUE");
        }
    }
}

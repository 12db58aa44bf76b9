using Engine.Linux;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>What a master serves with. Everything stays the caller's.</summary>
public sealed record HostServices
{
    /// <summary>The supervisor, after Hello.</summary>
    public required SupervisorClient Supervisor { get; init; }

    /// <summary>Listening control.sock, non-blocking.</summary>
    public required SafeFd ControlListener { get; init; }

    /// <summary>config.json, open for reading.</summary>
    public required SafeFd Config { get; init; }

    /// <summary>How long the master stays without a client.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nothing happens before the master gives back what it can do without.</summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What one client may take.</summary>
    public ControlLimits Limits { get; init; } = new();

    /// <summary>Least level of diagnostics on stderr.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;
}

/// <summary>
/// The master after the creation, or started again on a container: control socket, link to the supervisor, idle time, as
/// services of a generic host. No configuration files, no environment, no console life time: the supervisor is the only
/// one who ends a master, by closing its channel.
/// </summary>
public static class MasterHost
{
    /// <summary>
    /// Serves on the calling thread until there is nobody to serve any more (<see cref="IdleTimer"/>) or the supervisor is
    /// gone. Clients that wait in the listening socket's queue are the next master's.
    /// </summary>
    public static void Serve(HostServices services)
    {
        var container = ContainerRecord.Parse(ContainerRecord.ReadBytes(services.Supervisor.ReadState().Wait()));
        using var loop = new EventLoop();
        loop.WhenQuiet(services.QuietTime, ResidentMemory.Release);
        using var host = Build(services, container, loop);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = lifetime.ApplicationStopping.Register(loop.Stop);
        host.Start();
        loop.Run();
        host.StopAsync().GetAwaiter().GetResult();
    }

    private static IHost Build(HostServices services, ContainerRecord container, EventLoop loop)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings
        {
            DisableDefaults = true,
            ApplicationName = "engine",
            EnvironmentName = Environments.Production,
            ContentRootPath = "/",
        });
        var registry = builder.Services;
        // What the framework would put together through open generics, which costs a NativeAOT program milliseconds and half a
        // MiB at run time: options of logging and of the host, and the start of a metrics service that nobody listens to.
        registry.AddSingleton<ILoggerFactory>(_ => new SerilogLoggerFactory(CreateLogger(services.LogLevel), dispose: true));
        registry.AddSingleton(Options.Create(new HostOptions()));
        registry.RemoveAll<IStartupValidator>();

        // Made by hand, not found by reflection. Hosted services stop in the reverse order: the server before the link.
        registry.AddSingleton<IHostLifetime, NoLifetime>(_ => new NoLifetime());
        registry.AddSingleton(p => new SupervisorLink(loop, services.Supervisor, Lifetime(p), Logger<SupervisorLink>(p)));
        registry.AddSingleton(p => new IdleTimer(loop, services.IdleTime, Lifetime(p), Logger<IdleTimer>(p)));
        registry.AddSingleton(p => new Subscriptions(container.Id, p.GetRequiredService<SupervisorLink>()));
        registry.AddSingleton(p => new ControlMethods(
            p.GetRequiredService<SupervisorLink>(),
            new ConfigFile(services.Config),
            new ResourceMethods(p.GetRequiredService<SupervisorLink>(), container),
            p.GetRequiredService<Subscriptions>(),
            Logger<ControlMethods>(p)));
        registry.AddSingleton(p => new ControlServer(
            loop,
            services.ControlListener,
            container,
            p.GetRequiredService<ControlMethods>(),
            p.GetRequiredService<Subscriptions>(),
            p.GetRequiredService<IdleTimer>(),
            services.Limits,
            Logger<ControlServer>(p)));
        registry.AddSingleton<IHostedService>(p => p.GetRequiredService<SupervisorLink>());
        registry.AddSingleton<IHostedService>(p => p.GetRequiredService<IdleTimer>());
        registry.AddSingleton<IHostedService>(p => p.GetRequiredService<ControlServer>());
        return builder.Build();
    }

    private static Serilog.Core.Logger CreateLogger(LogLevel least) => new LoggerConfiguration()
        .MinimumLevel.Is(LevelConvert.ToSerilogLevel(least))
        .WriteTo.Console(
            outputTemplate: "engine-master[{SourceContext}] {Level:u3}: {Message:lj}{NewLine}{Exception}",
            formatProvider: System.Globalization.CultureInfo.InvariantCulture,
            standardErrorFromLevel: Serilog.Events.LogEventLevel.Verbose)
        .CreateLogger();

    private static IHostApplicationLifetime Lifetime(IServiceProvider provider) => provider.GetRequiredService<IHostApplicationLifetime>();

    private static ILogger<T> Logger<T>(IServiceProvider provider) => provider.GetRequiredService<ILoggerFactory>().CreateLogger<T>();

    // The usual life time prints hints to stdout and waits for Ctrl+C.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

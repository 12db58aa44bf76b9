using Engine.Monitor.JsonRpc;
using Engine.Rpc.Client;

namespace Engine.Monitor;

/// <summary>Somebody who asked to be told of changes.</summary>
public interface ISubscriber
{
    /// <summary>Cannot be told anything any more.</summary>
    bool IsGone { get; }

    /// <summary>From now on it is told.</summary>
    void OnSubscribed();

    /// <summary>Sends a notification.</summary>
    void Notify(string method, JsonValue parameters);
}

/// <summary>Who is told, and of what: stateChanged at every change, exited once the container stopped, oom when the kernel killed in it.</summary>
public sealed class Subscriptions
{
    private readonly string _id;
    private readonly HashSet<ISubscriber> _subscribers = [];
    private ContainerStatus? _last;

    /// <summary>For container <paramref name="id"/>, listening to <paramref name="link"/>.</summary>
    public Subscriptions(string id, SupervisorLink link)
    {
        _id = id;
        link.StateChanged += Publish;
    }

    /// <summary>Adds a subscriber; <paramref name="now"/> is the status that it is told in the answer, so that nothing is told twice.</summary>
    public void Add(ISubscriber subscriber, ContainerStatus now)
    {
        _last ??= now;
        if (!subscriber.IsGone)
        {
            _subscribers.Add(subscriber);
            subscriber.OnSubscribed();
        }
    }

    /// <summary>Ends a subscription; fine for who has none.</summary>
    public void Remove(ISubscriber subscriber) => _subscribers.Remove(subscriber);

    /// <summary>Params of stateChanged and result of subscribe.</summary>
    public JsonValue Describe(ContainerStatus status) => json =>
    {
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("status", status.Status);
        json.WriteNumber("pid", status.Pid);
        if (status.ExitCode >= 0)
        {
            json.WriteNumber("exitCode", status.ExitCode);
        }

        json.WriteBoolean("oomKilled", status.OomKilled);
        json.WriteEndObject();
    };

    private void Publish(ContainerStatus status)
    {
        var before = _last;
        _last = status;
        if (status.OomKilled && before is not { OomKilled: true })
        {
            Tell("oom", Describe(status));
        }

        if (status.Status != before?.Status)
        {
            Tell("stateChanged", Describe(status));
            if (status.Status == "stopped")
            {
                Tell("exited", Describe(status));
            }
        }
    }

    private void Tell(string method, JsonValue parameters)
    {
        // A subscriber whose connection fails leaves the set meanwhile.
        foreach (var subscriber in _subscribers.ToArray())
        {
            subscriber.Notify(method, parameters);
        }
    }
}

using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Engine.Diagnostics;
using Engine.Lifecycle;

namespace Engine.Tests.Unit.Lifecycle;

/// <summary>The datagrams between CLI and master, which are written and read by hand: nothing of them is forgotten.</summary>
public class OrderJsonTests
{
    [Fact]
    public void An_order_arrives_whole()
    {
        var order = (CreateOrder)Filled(typeof(CreateOrder));
        Assert.Equal(Described(order), Described(OrderJson.ReadOrder(OrderJson.Write(order))));
        Assert.Equal(Described(new CreateOrder()), Described(OrderJson.ReadOrder(OrderJson.Write(new CreateOrder()))));
    }

    [Fact]
    public void So_does_an_answer()
    {
        var answer = (CreateAnswer)Filled(typeof(CreateAnswer));
        Assert.Equal(Described(answer), Described(OrderJson.ReadAnswer(OrderJson.Write(answer))));
        Assert.Equal(Described(new CreateAnswer()), Described(OrderJson.ReadAnswer(OrderJson.Write(new CreateAnswer()))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"id\":1}")]
    [InlineData("{\"rootless\":{\"uids\":[-1]}}")]
    public void What_is_no_order_is_refused(string json) => Assert.Throws<ConfigException>(() => OrderJson.ReadOrder(Encoding.UTF8.GetBytes(json)));

    /// <summary>An object with a value of its own in every property.</summary>
    private static object Filled(Type type)
    {
        var value = Activator.CreateInstance(type)!;
        foreach (var property in Stored(type))
            property.SetValue(value, Sample(property.PropertyType, property.Name));
        return value;
    }

    private static object Sample(Type type, string name) => type switch
    {
        _ when type == typeof(string) => $"{name} é\n\"",
        _ when type == typeof(string[]) => new[] { name, "" },
        _ when type == typeof(bool) => true,
        _ when type == typeof(int) => name.Length,
        _ when type == typeof(uint) => uint.MaxValue - (uint)name.Length,
        _ when type == typeof(uint[]) => new[] { 0u, uint.MaxValue },
        _ => Filled(type),
    };

    private static string Described(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable list => $"[{string.Join('|', list.Cast<object>().Select(Described))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool flag => flag.ToString(),
        _ => string.Join('\n', Stored(value.GetType()).Select(property => $"{property.Name}: {Described(property.GetValue(value))}")),
    };

    private static IEnumerable<PropertyInfo> Stored(Type type) => type.GetProperties().Where(property => property.CanWrite);
}

import keras
from keras import layers

inputs = keras.Input((16, 16, 3))
x = layers.Conv2D(8, 3)(inputs)
y = layers.Conv2D(8, 3, name="conv2")(x)
model = keras.Model(inputs, layers.Conv2D(10, 1)(x))
print([layer.name for layer in model.layers])
